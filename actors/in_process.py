"""Records of messages that run in this process, eagerly or under test: Redis knows none of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec

from actors import encoding, records
from actors.failures import failure_of
from actors.records import Ended, Info
from actors.worker.consequences import never_sent
from actors.worker.deliveries import Delivery

#: Records kept; the oldest goes first.
MOST = 10_000

#: Whether nothing is to be looked up in Redis: a stand-in has the broker's place.
is_active = False


@dataclass(slots=True)
class Record:
    """What is known of one message. `delivery`: it runs or ran; `raised`: by its actor."""

    delivery: Delivery | None = None
    ended: Ended | None = None
    raised: BaseException | None = None


_records: dict[str, Record] = {}


def queued(message_id: str) -> None:
    """Note that a message was sent."""
    _records.pop(message_id, None)
    if len(_records) >= MOST:
        del _records[next(iter(_records))]
    _records[message_id] = Record()


def begin(delivery: Delivery) -> None:
    """Note that a message runs."""
    delivery.started_ms = now_ms()
    _records[delivery.message_id] = Record(delivery)


def end(
    delivery: Delivery,
    state: str,
    *,
    kept: bool = True,
    result: Any = None,
    raised: BaseException | None = None,
) -> Ended:
    """Note how a message ended, and with it what so never will be sent."""
    ended = Ended(
        state=state,
        actor=delivery.actor_name,
        queue=delivery.queue_name,
        kept=kept,
        attempts=delivery.attempts,
        started=delivery.started_ms,
        ended=now_ms(),
        error=dict(failure_of(raised)) if raised else None,
        result=result,
        progress=_progress(delivery),
    )
    _records[delivery.message_id] = Record(delivery, ended, raised)
    if state != "succeeded":
        for new in never_sent(delivery, state, raised, []):
            _records[new.id] = Record(None, records.ended_of(new.data), raised)
    return ended


def end_of(message_id: str) -> Ended | None:
    """Return how a message ended here, or None where it has not."""
    record = _records.get(message_id)
    return record.ended if record else None


def raised_by(message_id: str) -> BaseException | None:
    """Return what a message's actor raised here."""
    record = _records.get(message_id)
    return record.raised if record else None


def info_of(message_id: str) -> Info | None:
    """Return what is known of a message here, or None where Redis is to be asked."""
    record = _records.get(message_id)
    if record is None:
        return Info("unknown") if is_active else None
    if record.ended is not None:
        data = msgspec.json.encode(msgspec.structs.replace(record.ended, result=None))
        return records.info_of((data, [], b"", None))
    if record.delivery is None:
        return Info("queued")
    started, progress = record.delivery.started_ms, _progress(record.delivery)
    return Info("running", attempts=1, started=started, progress=progress)


def revoke(message_id: str) -> str | None:
    """Revoke a message, as `AsyncResult.revoke` does; None where Redis is to be asked."""
    info = info_of(message_id)
    if info is None:
        return None
    if info.state != "queued":
        return "unknown" if info.state == "unknown" else "ended"
    _records[message_id].ended = Ended("revoked", ended=now_ms())
    return "revoked"


def forget(message_id: str) -> bool:
    """Drop what is known of a message; False where Redis is to be asked."""
    return _records.pop(message_id, None) is not None or is_active


def now_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return int(time.time() * 1000)


def _progress(delivery: Delivery) -> Any:
    return encoding.decode(delivery.progress) if delivery.progress else None
