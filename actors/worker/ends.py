"""How a message ended: its state, its record, and the arguments of the script that ends it."""

from __future__ import annotations

import os
import socket
import time
from typing import TypedDict

from dramatiq.middleware import SkipMessage

from actors import encoding
from actors.failures import failure_of
from actors.wire.scripts import Argument
from actors.worker.consequences import never_sent
from actors.worker.deliveries import Delivery, New, Plan

#: This worker, as records name it.
WORKER_NAME = f"{socket.gethostname()}:{os.getpid()}"


class Try(TypedDict):
    """A run of a message that is tried again. Times are ms of the worker's clock."""

    state: str
    attempts: int
    worker: str
    started: int
    ended: int
    error: dict[str, str] | None


class End:
    """One message's end, ready to be sent. `kind` is that of `end.lua`."""

    __slots__ = ("delivery", "is_refused", "kind", "new", "record", "ttl_ms")

    def __init__(
        self, delivery: Delivery, kind: str, record: bytes, ttl_ms: int, new: list[New]
    ) -> None:
        self.delivery, self.kind, self.record = delivery, kind, record
        self.ttl_ms, self.new = ttl_ms, new
        #: Whether Redis has refused it before.
        self.is_refused = False

    def arguments(self) -> list[Argument]:
        """Return what `end.lua` takes for it."""
        delivery = self.delivery
        arguments: list[Argument] = [
            delivery.held_queue,
            delivery.held_id,
            delivery.number,
            self.kind,
            delivery._message.message_id,
            self.record,
            self.ttl_ms,
            len(self.new),
        ]
        for new in self.new:
            arguments += (new.gate, new.queue_name, new.id, new.data, new.how)
        return arguments


def end_of(delivery: Delivery, *, is_dead: bool, ttl_ms: int, keeps_result: bool) -> End:
    """Return the end of a message that was run, failed, or withdrawn."""
    plan = delivery.plan or Plan()
    ttl_ms = plan.ttl_ms or ttl_ms
    error = delivery._exception
    if delivery.withdrawn:
        record = _record(delivery, delivery.withdrawn, b"null", keeps_result, None)
        return End(
            delivery, "done", record, ttl_ms, never_sent(delivery, delivery.withdrawn, None, [])
        )
    if plan.retry is not None and not is_dead:
        record = _try(delivery, error)
        return End(delivery, "retry", record, ttl_ms, [plan.retry, *plan.new])
    if is_dead or (error is not None and not isinstance(error, SkipMessage)):
        record = _record(delivery, "failed", b"null", keeps_result, error)
        new = plan.new + never_sent(delivery, "failed", error, plan.new)
        return End(delivery, "dead" if is_dead else "done", record, ttl_ms, new)
    if plan.refused is not None:
        record = _record(delivery, "failed", b"null", keeps_result, plan.refused)
        new = plan.new + never_sent(delivery, "failed", plan.refused, plan.new)
        return End(delivery, "done", record, ttl_ms, new)
    kept = plan.result is not None
    record = _record(delivery, "succeeded", plan.result or b"null", kept, None)
    new = plan.new + never_sent(delivery, "succeeded", None, plan.new)
    return End(delivery, "done", record, ttl_ms, new)


def _record(
    delivery: Delivery,
    state: str,
    result: bytes,
    keeps_result: bool,
    error: BaseException | None,
) -> bytes:
    """Return the record of a message that has ended, as JSON; put together by hand for speed."""
    message = delivery._message
    failure = b"null" if error is None else encoding.encode(failure_of(error))
    return (
        b'{"state":"%b","actor":%b,"queue":%b,"kept":%b,"attempts":%d,"worker":%b,"started":%d,'
        b'"ended":%d,"error":%b,"result":%b,"progress":%b}'
    ) % (
        state.encode(),
        encoding.encode(message.actor_name),
        encoding.encode(delivery.held_queue),
        b"true" if keeps_result else b"false",
        delivery.attempts,
        _worker_json,
        delivery.started_ms,
        time.time() * 1000,
        failure,
        result,
        delivery.progress or b"null",
    )


def _try(delivery: Delivery, error: BaseException | None) -> bytes:
    """Return a line of JSON, and a line for the traceback: only that of the last try is kept."""
    failure = None if error is None else failure_of(error)
    told: Try = {
        "state": "retrying",
        "attempts": delivery.attempts,
        "worker": WORKER_NAME,
        "started": delivery.started_ms,
        "ended": int(time.time() * 1000),
        "error": failure and {"type": failure["type"], "msg": failure["msg"]},
    }
    return b"%b\n%b" % (encoding.encode(told), (failure["traceback"] if failure else "").encode())


_worker_json = encoding.encode(WORKER_NAME)
