"""Writes dead letters: messages that failed for good, kept in the database with their traceback."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.apps import apps
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from dramatiq import Broker, Message
from dramatiq.broker import MessageProxy
from dramatiq.middleware import SkipMessage

from actors import encoding, in_process
from actors.attempts import Attempt, attempts_of, moment_of
from actors.errors import MessageExpired, WorkerDied
from actors.failures import storable, text_of, traceback_of
from actors.signals import dead_lettered
from actors.worker.deliveries import Delivery
from actors.worker.ends import WORKER_NAME

logger = logging.getLogger(__name__)

#: Attempts kept in a row, and characters of the traceback of each but the last.
MOST_TRIES = 10


def bury(proxy: MessageProxy, broker: Broker) -> None:
    """Write the row of a message that failed for good, or expired. Idempotent by its id.

    Raises:
        DatabaseError: The row could not be written.
    """
    error = _error_of(proxy)
    row = _row_of(proxy, error, cause_of(proxy, broker, error))
    with transaction.atomic():
        _rows().update_or_create(id=key_of(proxy.message_id), defaults=row)
        _tell(proxy._message, error)


def key_of(message_id: str) -> str:
    """Return the primary key of a message's row: its id, or a digest of one that is too long."""
    kept = storable(message_id, len(message_id) + 2)
    if len(kept) <= 200:
        return kept
    return f"{kept[:100]}... sha256:{hashlib.sha256(message_id.encode()).hexdigest()}"


def arguments_text(message: Message[Any]) -> str:
    """Return the arguments as a call shows them, in JSON, cut for the row."""
    values = [_json(value) for value in message.args]
    values += [f"{name}={_json(value)}" for name, value in message.kwargs.items()]
    return storable(", ".join(values), 500)


def cause_of(proxy: MessageProxy, broker: Broker, error: BaseException) -> str:
    """Return why the message is not tried again, as `DeadLetter.Cause` names it."""
    if isinstance(proxy, Delivery) and proxy.raw is not None:
        return "undecodable"
    if isinstance(error, WorkerDied):
        return "worker died"
    if isinstance(error, MessageExpired | SkipMessage):
        return "expired"
    actor = broker.actors.get(proxy.actor_name)
    if actor is None:
        return "unknown actor"
    throws = actor.options.get("throws")
    return "permanent" if throws and isinstance(error, throws) else "exhausted"


def _error_of(proxy: MessageProxy) -> BaseException:
    if isinstance(proxy, Delivery) and proxy.withdrawn == "expired":
        expires_at = moment_of(proxy.options.get("expires_at"))
        return MessageExpired(
            message_id=proxy.message_id, actor_name=proxy.actor_name, expires_at=str(expires_at)
        )
    return proxy._exception or RuntimeError("It failed without an exception.")


def _row_of(proxy: MessageProxy, error: BaseException, cause: str) -> dict[str, Any]:
    message, raw = proxy._message, proxy.raw if isinstance(proxy, Delivery) else None
    tries, first_ms = _tries_of(proxy, error)
    return {
        "actor_name": storable(message.actor_name, 255),
        "queue_name": storable(message.queue_name.removesuffix(".DQ"), 255),
        "payload": message.encode() if raw is None else raw,
        "arguments": _bytes_text(raw) if raw is not None else arguments_text(message),
        "cause": cause,
        "error_type": storable(type(error).__name__, 255),
        "error": text_of(error),
        "traceback": traceback_of(error),
        "tries": tries,
        "attempts": proxy.attempts if isinstance(proxy, Delivery) else 1,
        "sent_at": None if raw is not None else moment_of(message.message_timestamp),
        "first_at": moment_of(first_ms or (tries[0].get("started") if tries else None)),
        "failed_at": timezone.now(),
        "state": "dead",
        "requeued_at": None,
    }


def _tries_of(proxy: MessageProxy, error: BaseException) -> tuple[list[Attempt], int | None]:
    """Return the attempts, this one last, and when the first began; none of one that never ran."""
    if not isinstance(proxy, Delivery):
        return [], None
    earlier: list[Attempt] = []
    first_ms = None
    if proxy.attempts > 1 and not in_process.is_active:
        earlier, first_ms = attempts_of(proxy.message_id)
    if proxy.retries and not earlier and proxy.earlier_traceback:
        traceback = storable(proxy.earlier_traceback)
        earlier = [{"attempt": proxy.retries, "traceback": traceback}]
    if not proxy.attempts:
        return earlier, first_ms
    this: Attempt = {
        "attempt": proxy.attempts,
        "worker": WORKER_NAME,
        "type": type(error).__name__,
        "msg": text_of(error),
        "traceback": traceback_of(error),
        "ended": in_process.now_ms(),
    }
    if proxy.started_ms:
        this["started"] = proxy.started_ms
    return [*earlier[1 - MOST_TRIES :], this], first_ms


def _tell(message: Message[Any], error: BaseException) -> None:
    """Tell the listeners; what one of them can't do must not lose the row."""
    try:
        with transaction.atomic():
            dead_lettered.send(None, message=message, error=error)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("A listener to the end of %s failed; its row is written.", message)


def _json(value: Any) -> str:
    try:
        return encoding.encode(value).decode(errors="replace")
    except (TypeError, ValueError):
        return f"<{type(value).__name__}>"


def _bytes_text(raw: bytes) -> str:
    return storable(raw[:2000].decode(errors="replace"), 500)


def _rows() -> Any:
    # By name, as in the outbox: the middleware is built before Django has loaded its models.
    return apps.get_model("actors", "DeadLetter").objects
