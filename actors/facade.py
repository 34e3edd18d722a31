"""The facade: actors that are called, delayed and awaited. See design.md, section 3."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Unpack, cast

import dramatiq
from asgiref.sync import async_to_sync, sync_to_async
from dramatiq import Message
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.results import Results

from actors import envelopes, outbox, sending
from actors.handles import AsyncResult
from actors.options import SendOptions, due_at_of, told_to_workers
from actors.outbox import Postponed
from actors.progress import awaited_here, called_here
from actors.worker.deliveries import running_delivery

if TYPE_CHECKING:
    from actors.broker import RedisBroker


class Actor[**P, R](dramatiq.Actor[P, R]):
    """A function that runs here when called, and in a worker when delayed.

        add(4, 5)                  # 9, here and now
        add.delay(4, 5)            # an AsyncResult, from a worker
        await add.adelay(4, 5)     # the same, in a coroutine
        add.message(4, 5)          # for `chain` and `group`

    Made by `@actor`; `send` and the rest of Dramatiq's own actor work as ever.
    """

    #: Ours: the only one whose sends can be awaited.
    broker: RedisBroker

    def __init__(self, fn: Callable[P, R] | Callable[P, Awaitable[R]], **options: Any) -> None:
        super().__init__(fn, **options)
        #: What was declared, where that is an `async def`.
        self.coroutine_function = fn if iscoroutinefunction(fn) else None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function here and now; an `async def` under a running loop is to be awaited."""
        if running_delivery.get() is not None:
            return self._call_here(*args, **kwargs)
        with called_here():
            return self._call_here(*args, **kwargs)

    def _call_here(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.coroutine_function is None or get_event_loop_thread() is not None:
            return super().__call__(*args, **kwargs)
        if _loop_is_running():
            return cast(R, awaited_here(self.coroutine_function(*args, **kwargs)))
        return cast(R, async_to_sync(self.coroutine_function)(*args, **kwargs))

    @property
    def keeps_results(self) -> bool:
        """Whether a result can be asked for: the actor's `store_results`, or else the project's."""
        for middleware in self.broker.middleware:
            if isinstance(middleware, Results):
                return bool(self.options.get("store_results", middleware.store_results))
        return False

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send a message to run this in a worker; inside `atomic()`, when it commits.

            result = add.delay(4, 5)
            result.get()    # 9

        Raises:
            BrokerUnavailable: Redis can't be reached (inside `atomic()` it is not asked).
            TypeError: An argument is no JSON.
        """
        return self.apply_async(args, kwargs)

    async def adelay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Async twin of `delay`."""
        if not kwargs and not self.broker.has_sending_hooks:
            sent = envelopes.sealed(self, args)
            if sent is not None:
                await sending.send_soon(self.broker.namespace, sent)
                return AsyncResult(sent.id, actor=self)
        return await self.aapply_async(args, kwargs)

    def delay_on_commit(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Store a message with the surrounding transaction, to be sent after it commits.

        It exists if and only if the transaction commits, also where Redis is away or this process
        dies right after. Without a transaction around it is stored in one of its own.

            with transaction.atomic():
                asset = Asset.objects.create(owner=owner)
                make_renditions.delay_on_commit(str(asset.pk))
        """
        return self._store([(self._build(args, kwargs), None)])[0]

    async def adelay_on_commit(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Store a message in a transaction of its own, and send it: there is none to join here.

        To join one, call `delay_on_commit` inside the hop that opens it.
        """
        return await sync_to_async(self.delay_on_commit)(*args, **kwargs)

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[SendOptions],
    ) -> AsyncResult[R]:
        """Send with options, those of `SendOptions`.

            add.apply_async((4, 5), countdown=60, expires=timedelta(hours=1), priority=10)

        Raises:
            ValueError: An option is out of range, or no actor listens to that queue.
        """
        message, due_at = self._build(args, kwargs, **options), due_at_of(options)
        if options.get("on_commit", True) and outbox.in_transaction():
            return self._store([(message, due_at)])[0]
        self.broker.enqueue(message, delay=outbox.delay_ms_until(due_at))
        return AsyncResult(message.message_id, actor=self)

    async def aapply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[SendOptions],
    ) -> AsyncResult[R]:
        """Async twin of `apply_async`. There is no transaction to join under a running loop."""
        message, due_at = self._build(args, kwargs, **options), due_at_of(options)
        await self.broker.aenqueue(message, delay=outbox.delay_ms_until(due_at))
        return AsyncResult(message.message_id, actor=self)

    def delay_many(self, calls: Iterable[Sequence[Any]]) -> list[AsyncResult[R]]:
        """Send one message for each tuple of arguments, thousands in a few round trips.

        Inside `atomic()` they are stored, and leave when it commits.

            results = add.delay_many([(1, 2), (3, 4)])

        Raises:
            BrokerUnavailable: Not all are known to have arrived.
        """
        if outbox.in_transaction():
            return self.delay_many_on_commit(calls)
        messages = [self._build(args, None) for args in calls]
        self.broker.enqueue_many((message, None) for message in messages)
        return [AsyncResult(message.message_id, actor=self) for message in messages]

    async def adelay_many(self, calls: Iterable[Sequence[Any]]) -> list[AsyncResult[R]]:
        """Async twin of `delay_many`. There is no transaction to join under a running loop."""
        messages = [self._build(args, None) for args in calls]
        await self.broker.aenqueue_many((message, None) for message in messages)
        return [AsyncResult(message.message_id, actor=self) for message in messages]

    def delay_many_on_commit(self, calls: Iterable[Sequence[Any]]) -> list[AsyncResult[R]]:
        """Store one message for each tuple of arguments, as `delay_on_commit` does one."""
        return self._store([(self._build(args, None), None) for args in calls])

    async def adelay_many_on_commit(self, calls: Iterable[Sequence[Any]]) -> list[AsyncResult[R]]:
        """Store them in a transaction of its own, and send them: there is none to join here."""
        return await sync_to_async(self.delay_many_on_commit)(calls)

    def _store(self, messages: list[Postponed]) -> list[AsyncResult[R]]:
        is_committed = outbox.store_many(messages).is_committed
        return [
            AsyncResult(message.message_id, actor=self, is_committed=is_committed)
            for message, _ in messages
        ]

    def _build(
        self,
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None,
        **options: Unpack[SendOptions],
    ) -> Message[R]:
        envelopes.check_arguments(self.actor_name, args, kwargs or {})
        message = self.message_with_options(
            args=tuple(args), kwargs=dict(kwargs or {}), **told_to_workers(options)
        )
        queue = options.get("queue")
        if queue is not None and queue not in self.broker.get_declared_queues():
            known = ", ".join(sorted(self.broker.get_declared_queues()))
            raise ValueError(
                f"{self.actor_name}: no actor listens to queue {queue!r}; have {known}."
            )
        return dataclasses.replace(
            message,
            queue_name=queue or message.queue_name,
            message_id=options.get("message_id") or message.message_id,
        )


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
