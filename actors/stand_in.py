"""A broker in the place of the project's: what is sent stays in this process, and runs in it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import dramatiq
from asgiref.sync import async_to_sync
from django.db import DatabaseError, connections
from django_dramatiq.middleware import DbConnectionsMiddleware
from dramatiq import Broker, Message
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware, Retries, SkipMessage
from dramatiq.results import ResultBackend, Results
from dramatiq.results.errors import ResultMissing

from actors import burial, encoding, in_process
from actors.broker import RedisBroker
from actors.hooks import Hooks
from actors.middleware import DeadLetters
from actors.records import Ended
from actors.worker.deliveries import Delivery, running_delivery

logger = logging.getLogger(__name__)

#: A middleware with one of these hooks gets itself ready there: without a worker it is not.
_BOOTS = (
    "after_process_boot",
    "before_worker_boot",
    "after_worker_boot",
    "after_worker_thread_boot",
)


class StandIn(RedisBroker):
    """Shares actors, queues and most middleware with `real`, the broker whose place it takes.

    There are no retries: the first exception is final.
    """

    def __init__(self, real: Broker) -> None:
        self.real = real
        self._hooks = Hooks()
        self.middleware = [_as_here(each) for each in real.middleware if _works_here(each)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["real"], name)

    @property
    def has_sending_hooks(self) -> bool:
        """Say yes: no send takes the short way past `enqueue`."""
        return True

    def accept(self, message: Message[Any], delay: int | None) -> None:
        """Do what is done with a message that was sent."""
        raise NotImplementedError

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Take a message as a worker would get it: through JSON."""
        self.emit_before("enqueue", message, delay)
        taken: Message[Any] = Message.decode(message.encode())
        in_process.queued(taken.message_id)
        self.emit_after("enqueue", message, delay)
        self.accept(taken, delay)
        return message

    async def aenqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Async twin of `enqueue`."""
        return self.enqueue(message, delay=delay)

    def enqueue_many(self, messages: Iterable[tuple[Message[Any], int | None]]) -> None:
        """Take many messages, each with its delay."""
        for message, delay in messages:
            self.enqueue(message, delay=delay)

    async def aenqueue_many(self, messages: Iterable[tuple[Message[Any], int | None]]) -> None:
        """Async twin of `enqueue_many`."""
        for message, delay in messages:
            await self.aenqueue(message, delay=delay)

    def run(self, message: Message[Any]) -> Ended:
        """Run a message here and now, unless it was revoked; return how it ended."""
        delivery = Delivery(message, message.message_id, message.queue_name, "")
        if withdrawn := _withdrawn(message):
            delivery.withdrawn = withdrawn
            self.emit_before("ack", delivery)
            return in_process.end(delivery, withdrawn)
        with _commits_of_its_own():
            return copy_context().run(self._run, delivery)

    def _run(self, delivery: Delivery) -> Ended:
        _, kept = self.result_options(delivery)
        running_delivery.set(delivery)
        in_process.begin(delivery)
        try:
            self.emit_before("process_message", delivery)
            value = self._call(delivery)
            result = _through_json(delivery, value) if kept else None
        except SkipMessage as reason:
            return self._skip(delivery, reason, kept)
        except BaseException as error:
            return self._fail(delivery, error, kept)
        ended = in_process.end(delivery, "succeeded", kept=kept, result=result)
        self.emit_after("process_message", delivery, result=value)
        return ended

    def _call(self, delivery: Delivery) -> Any:
        actor = self.get_actor(delivery.actor_name)
        function = getattr(actor, "coroutine_function", None)
        if function is not None:
            # A loop of its own, as in a worker; `sync_to_async` in it comes back to this thread.
            return async_to_sync(function, force_new_loop=True)(*delivery.args, **delivery.kwargs)
        return actor(*delivery.args, **delivery.kwargs)

    def _skip(self, delivery: Delivery, reason: SkipMessage, kept: bool) -> Ended:
        state, raised = ("failed", reason) if delivery.failed else ("succeeded", None)
        ended = in_process.end(delivery, state, kept=kept, raised=raised)
        self.emit_after("skip_message", delivery)
        return ended

    def _fail(self, delivery: Delivery, error: BaseException, kept: bool) -> Ended:
        delivery.fail()
        delivery.stuff_exception(error)
        ended = in_process.end(delivery, "failed", kept=kept, raised=error)
        self.emit_after("process_message", delivery, exception=error)
        self.emit_before("nack", delivery)
        self.emit_after("nack", delivery)
        if not isinstance(error, Exception):
            raise error
        return ended


def put_in_place(broker: Broker) -> None:
    """Make `broker` the one that all actors, and all that asks Dramatiq for its broker, use."""
    for actor in list(broker.actors.values()):
        actor.broker = broker
    dramatiq.set_broker(broker)
    in_process.is_active = isinstance(broker, StandIn)


class _DeadLettersHere(DeadLetters):
    """Writes them in the transaction that may be around, and so leaves its connection alone."""

    def _bury(self, broker: Broker, message: MessageProxy) -> None:
        try:
            burial.bury(message, broker)
        except DatabaseError as error:
            logger.warning("The dead letter of %s could not be written: %s", message, error)


class _RecordsHere(ResultBackend):
    """Answers what Dramatiq's own `Message.get_result` asks."""

    def store_result(self, message: Message[Any], result: Any, ttl: int) -> None:
        pass

    def store_exception(self, message: Message[Any], exception: BaseException, ttl: int) -> None:
        pass

    def get_result(
        self, message: Message[Any], *, block: bool = False, timeout: int | None = None
    ) -> Any:
        ended = in_process.end_of(message.message_id)
        if ended is None:
            raise ResultMissing(message)
        raised = in_process.raised_by(message.message_id)
        if raised is not None:
            raise raised
        return ended.result


def _works_here(middleware: Middleware) -> bool:
    if isinstance(middleware, Retries | DbConnectionsMiddleware):
        return False
    kind = type(middleware)
    return all(getattr(kind, hook) is getattr(Middleware, hook) for hook in _BOOTS)


def _as_here(middleware: Middleware) -> Middleware:
    if isinstance(middleware, DeadLetters):
        return _DeadLettersHere()
    if isinstance(middleware, Results):
        kept, ttl_ms = middleware.store_results, middleware.result_ttl
        return Results(backend=_RecordsHere(), store_results=kept, result_ttl=ttl_ms)
    return middleware


def _withdrawn(message: Message[Any]) -> str:
    ended, expires_at = in_process.end_of(message.message_id), message.options.get("expires_at")
    if ended is not None and ended.state == "revoked":
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= in_process.now_ms() else ""


def _through_json(message: MessageProxy, value: Any) -> Any:
    try:
        return encoding.decode(encoding.encode(value))
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise TypeError(f"{message.actor_name} returned a {kind}: {error}") from error


@contextmanager
def _commits_of_its_own() -> Iterator[None]:
    """Run what an actor does at its commits, though a test case's own block is around it.

    A worker has no such block, and Django's `TestCase` never commits its own.
    """
    opened: Iterable[Any] = connections.all(initialized_only=True)
    inside = [each for each in opened if _is_in_test_case(each)]
    before = [len(each.run_on_commit) for each in inside]
    yield
    for connection, count in zip(inside, before, strict=True):
        while len(connection.run_on_commit) > count:
            _, callback, is_robust = connection.run_on_commit.pop(count)
            _call_back(callback, is_robust)


def _is_in_test_case(connection: Any) -> bool:
    blocks = connection.atomic_blocks
    return bool(blocks) and all(block._from_testcase for block in blocks)


def _call_back(callback: Any, is_robust: bool) -> None:
    try:
        callback()
    except Exception:
        if not is_robust:
            raise
        logger.exception("A robust commit callback failed.")
