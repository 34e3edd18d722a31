"""What Redis remembers of sent keys: for a day, and for as long as a row has one."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import cast

import dramatiq

from actors.outbox.dispatch import rows
from actors.wire import lines

#: How long a key is remembered at least.
REMEMBERED = timedelta(hours=24)
#: Keys looked at in one step.
PAGE = 500
#: After this a key whose row was still there is looked at again.
_LATER = timedelta(hours=1)


def forget_old_keys() -> bool:
    """Drop keys of sends that are long past, some at a time; return whether there may be more.

    Raises:
        BrokerUnavailable: Redis can't be reached.
    """
    key, action = _sent_key(), "forget old sends"
    seconds, _ = lines.call("TIME", action=action)
    before_ms = int(seconds) * 1000 - _ms(REMEMBERED)
    old = lines.call("ZRANGEBYSCORE", key, "-inf", before_ms, "LIMIT", 0, PAGE, action=action)
    if not old:
        return False
    stored = _stored(old)
    if gone := [each for each in old if each not in stored]:
        lines.call("ZREM", key, *gone, action=action)
    if stored:
        again_ms = before_ms + _ms(_LATER)
        kept = [part for each in stored for part in (again_ms, each)]
        lines.call("ZADD", key, "XX", *kept, action=action)
    return len(old) == PAGE


def _stored(keys: list[bytes]) -> set[bytes]:
    """Return the keys that have a row."""
    ids = [uuid.UUID(key.decode()) for key in keys]
    found = rows().filter(pk__in=ids).values_list("pk", flat=True)
    return {str(each).encode() for each in found}


def _sent_key() -> str:
    return f"{cast(str, getattr(dramatiq.get_broker(), 'namespace', 'dramatiq'))}:__sent__"


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
