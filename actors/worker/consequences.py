"""What the end of a message should cause and never will: later links of its chain, callbacks.

Each of them gets a record of its own that says why, so that who waits for it is told at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from actors import encoding
from actors.failures import failure_of
from actors.worker.deliveries import Delivery, New

_SAID = {"failed": "failed", "revoked": "was revoked", "expired": "expired"}


def never_sent(
    delivery: Delivery, state: str, error: BaseException | None, sent: list[New]
) -> list[New]:
    """Return the records of what `delivery` would have caused and, having ended so, did not.

    In the form that `end.lua` takes: new messages without a queue.
    """
    missing = list(_caused_by(delivery.options))
    if not missing:
        return []
    if state == "succeeded":
        sent_ids = {new.id for new in sent}
        missing = [each for each in missing if _is_missing(each, sent_ids)]
        error = RuntimeError("It ended without sending what follows; its worker's log says why.")
        state = "failed"
    found: list[New] = []
    while missing:
        message = missing.pop()
        missing += _caused_by(message["options"])
        record = _record(message, delivery, state, error)
        found.append(New("", "", message["message_id"], record, ""))
    return found


def _caused_by(options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give what a message with these options causes when it ends well, as Dramatiq names it."""
    if target := options.get("pipe_target"):
        yield target
    yield from options.get("group_completion_callbacks") or ()


def _is_missing(message: dict[str, Any], sent_ids: set[str]) -> bool:
    # One that was sent before, which Dramatiq allows, is sent again under another id in Redis.
    return message["message_id"] not in sent_ids and "redis_message_id" not in message["options"]


def _record(
    message: dict[str, Any], cause: Delivery, state: str, error: BaseException | None
) -> bytes:
    told = (
        f"{message['actor_name']} {message['message_id']} never ran: "
        f"{cause.actor_name} {cause.message_id}, which comes before it, {_SAID[state]}."
    )
    failure: dict[str, Any] = {"type": state, "msg": told, "traceback": ""}
    if error is not None:
        failure = {**failure_of(error)}
    failure["traceback"] = f"{failure['traceback']}\n{told}".lstrip()
    failure["after"] = {"actor": cause.actor_name, "id": cause.message_id}
    return encoding.encode(
        {
            "state": state,
            "actor": message["actor_name"],
            "queue": message["queue_name"],
            "attempts": 0,
            "ended": int(time.time() * 1000),
            "error": failure,
        }
    )
