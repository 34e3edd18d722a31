"""What Redis tells of a message's attempts, each with its traceback: for who buries it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, TypedDict

from actors import encoding
from actors.errors import BrokerUnavailable
from actors.records import live_key
from actors.wire import lines

logger = logging.getLogger(__name__)


class Attempt(TypedDict, total=False):
    """One run of a message that failed. Times are ms since 1970."""

    attempt: int
    worker: str
    started: int
    ended: int
    type: str
    msg: str
    traceback: str


def attempts_of(message_id: str) -> tuple[list[Attempt], int | None]:
    """Return the last attempts before this one, the oldest first, and when the very first began.

    There are none where Redis can't be reached, or has forgotten.
    """
    try:
        found = lines.call("HGETALL", live_key(message_id), action=f"look up {message_id}")
        live = {name.decode(): value for name, value in found.items()}
        told = [encoding.decode(live[name]) for name in live if name.startswith("attempt:")]
        tries = _with_tracebacks(sorted(told, key=itemgetter("attempts")), live)
        return tries, int(live["first"]) if "first" in live else None
    except (BrokerUnavailable, ValueError, TypeError, KeyError) as error:
        # What can't be read must not keep a dead letter from being written.
        logger.warning("The earlier attempts of %s are not known: %s", message_id, error)
        return [], None


def moment_of(ms: object) -> datetime | None:
    """Return ms since 1970 as a moment; None where they are none."""
    try:
        return datetime.fromtimestamp(float(ms) / 1000, UTC) if ms else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _with_tracebacks(found: list[dict[str, Any]], live: dict[str, bytes]) -> list[Attempt]:
    """Give each attempt its traceback: one that has none of its own ended as the next one did."""
    traceback = live.get("traceback", b"")
    tries: list[Attempt] = []
    for each in reversed(found):
        traceback = live.get(f"traceback:{each['attempts'] % 10}", traceback)
        error = each.get("error") or {}
        tries.append(
            {
                "attempt": each["attempts"],
                "worker": each["worker"],
                "started": each["started"],
                "ended": each["ended"],
                "type": error.get("type", ""),
                "msg": error.get("msg", ""),
                "traceback": traceback.decode(errors="replace"),
            }
        )
    return tries[::-1]
