"""From a row to Redis: the key of each send, and the send itself, after which the row goes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import dramatiq
from django.apps import apps
from django.utils import timezone
from dramatiq import Message

if TYPE_CHECKING:
    from actors.broker import RedisBroker

#: Rows written by one statement; messages sent before their rows are deleted by one.
MOST_AT_ONCE = 1000
#: Whose the keys of messages are that have no UUID for an id.
_KEYS = uuid.UUID("6c2f0c0e-7d0b-4d0e-9a53-5f3f6e7d8a11")


class Sendable(NamedTuple):
    """One send of a message. `key`: its row's; `due_at`: when it should run, None for at once."""

    key: uuid.UUID
    message: Message[Any]
    due_at: datetime | None

    @property
    def send_key(self) -> str:
        """How the script is told: one that was sent before, and is to run anew, says "again"."""
        way = "stored" if self.key == key_of(self.message.message_id) else "again"
        return f"{way},{self.key}"


def key_of(message_id: str) -> uuid.UUID:
    """Return the key of the first send of a message: its own id, or one made of that."""
    try:
        key = uuid.UUID(message_id)
    except ValueError:
        return uuid.uuid5(_KEYS, message_id)
    return key if str(key) == message_id else uuid.uuid5(_KEYS, message_id)


def send(sendables: Sequence[Sendable]) -> None:
    """Send messages, those of one queue together, and delete their rows.

    Redis drops what it was sent before under the same key, and what was revoked in the meantime.

    Raises:
        BrokerUnavailable: Not all are known to have arrived; all rows stay.
    """
    stored = [
        (each.message.copy(options={"send_key": each.send_key}), delay_ms_until(each.due_at))
        for each in sorted(sendables, key=lambda each: each.message.queue_name)
    ]
    broker = cast("RedisBroker", dramatiq.get_broker())
    if len(stored) == 1:
        message, delay_ms = stored[0]
        broker.enqueue(message, delay=delay_ms)
    else:
        broker.enqueue_many(stored)
    rows().filter(pk__in=[each.key for each in sendables]).delete()


def delay_ms_until(due_at: datetime | None) -> int | None:
    """Return the milliseconds left until `due_at`, None where it is past or none is given."""
    if due_at is None:
        return None
    return max(int((due_at - timezone.now()).total_seconds() * 1000), 0) or None


def rows() -> Any:
    """Return the rows' manager."""
    # By name: `from actors import actor` must work before Django has loaded its models.
    return apps.get_model("actors", "OutboxMessage").objects
