"""Our broker: Dramatiq's messages on Redis, awaited, pushed, ended in one step (docs/broker.md)."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Iterable
from typing import Any

import dramatiq.worker
from dramatiq import Broker, Message
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.common import current_millis, dq_name, q_name
from dramatiq.errors import QueueJoinTimeout
from dramatiq.middleware import Middleware, MiddlewareError
from dramatiq.results import Results

from actors import sending
from actors.hooks import Hook, Hooks
from actors.sending import Parcel, how_to_send
from actors.wire import lines
from actors.worker.consumer import RedisConsumer
from actors.worker.deliveries import Delivery, New, ending_delivery
from actors.worker.foreign import ForeignDelayConsumer
from actors.worker.life import Life
from actors.worker.shop import Shop

#: Milliseconds without a sign of life before a worker's messages go to the others.
HEARTBEAT_TIMEOUT_MS = 10_000
#: Milliseconds that failed messages stay where Dramatiq's own tools look for them.
DEAD_MESSAGE_TTL_MS = 7 * 86_400_000
#: Milliseconds that what is known of a running message stays at most.
LIVE_TTL_MS = 7 * 86_400_000
#: Milliseconds that a record stays after its message ended, where no `Results` says otherwise.
RECORD_TTL_MS = 3_600_000


class RedisBroker(Broker):
    """Sends and consumes over our own connections. django-dramatiq builds it from settings."""

    def __init__(
        self,
        *,
        middleware: list[Middleware] | None = None,
        namespace: str = "dramatiq",
        heartbeat_timeout: int = HEARTBEAT_TIMEOUT_MS,
        dead_message_ttl: int = DEAD_MESSAGE_TTL_MS,
    ) -> None:
        self._hooks = Hooks()
        super().__init__(middleware=middleware)
        self.queues: set[str] = set()
        self.broker_id = str(uuid.uuid4())
        self.namespace = namespace
        self.heartbeat_timeout, self.dead_message_ttl = heartbeat_timeout, dead_message_ttl
        self.shop: Shop | None = None
        self.add_middleware(Life())

    @property
    def client(self) -> Any:
        """A client of redis-py on the same server, for tools and tests."""
        from actors import connection

        return connection.client()

    def add_middleware(
        self,
        middleware: Middleware,
        *,
        before: type[Middleware] | None = None,
        after: type[Middleware] | None = None,
    ) -> None:
        """Add a middleware; `Life` stays the last, so that it is the first after each message."""
        super().add_middleware(middleware, before=before, after=after)
        self.middleware.sort(key=lambda each: isinstance(each, Life))

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue. Idempotent."""
        if queue_name in self.queues:
            return
        self.emit_before("declare_queue", queue_name)
        self.queues.add(queue_name)
        self.emit_after("declare_queue", queue_name)
        self.delay_queues.add(dq_name(queue_name))
        self.emit_after("declare_delay_queue", dq_name(queue_name))

    def get_declared_queues(self) -> set[str]:
        """Return the names of all queues declared so far."""
        return self.queues.copy()

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the hooks before something, as Dramatiq does, but only those that do something."""
        for middleware, hook in self._named(f"before_{signal}"):
            try:
                hook(self, *args, **kwargs)
            except MiddlewareError:
                raise
            except Exception:
                self._report(f"before_{signal}", middleware)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """Call the hooks after something, the last middleware first."""
        for middleware, hook in reversed(self._named(f"after_{signal}")):
            try:
                hook(self, *args, **kwargs)
            except Exception:
                self._report(f"after_{signal}", middleware)

    @property
    def has_sending_hooks(self) -> bool:
        """Whether a middleware wants to know of each message that is sent."""
        return bool(self._named("before_enqueue") or self._named("after_enqueue"))

    def sending_hooks(self) -> list[Middleware]:
        """Return the middleware whose hooks run where a message is sent."""
        hooks = self._named("before_enqueue") + self._named("after_enqueue")
        return list(dict.fromkeys(middleware for middleware, _ in hooks))

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Send a message, `delay` milliseconds from now. Returns what was sent.

        While a message ends, what its middleware sends becomes part of that end, sent with it.

        Raises:
            BrokerUnavailable: It is not known to have arrived.
        """
        ending = ending_delivery()
        stamped = self._stamp(message, delay, ending)
        self.emit_before("enqueue", stamped, delay)
        parcel = self.parcel_of(stamped, delay)
        if ending is not None and ending.plan is not None:
            self._gather(ending, parcel)
        else:
            sending.send(self.namespace, parcel)
        self.emit_after("enqueue", stamped, delay)
        return stamped

    async def aenqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Async twin of `enqueue`."""
        stamped = self._stamp(message, delay, None)
        self.emit_before("enqueue", stamped, delay)
        await sending.send_soon(self.namespace, self.parcel_of(stamped, delay))
        self.emit_after("enqueue", stamped, delay)
        return stamped

    def enqueue_many(self, messages: Iterable[tuple[Message[Any], int | None]]) -> None:
        """Send many messages, each with its delay, in a few round trips."""
        stamped = self._announce(messages)
        sending.send_many(self.namespace, [self.parcel_of(*each) for each in stamped])
        self._tell_sent(stamped)

    async def aenqueue_many(self, messages: Iterable[tuple[Message[Any], int | None]]) -> None:
        """Async twin of `enqueue_many`."""
        stamped = self._announce(messages)
        await sending.asend_many(self.namespace, [self.parcel_of(*each) for each in stamped])
        self._tell_sent(stamped)

    def parcel_of(self, message: Message[Any], delay: int | None) -> Parcel:
        """Return a stamped message as it is sent: on its own queue, whenever it is due."""
        options = message.options
        send_key = options.get("send_key", "")
        if "eta" in options or send_key:
            options = {
                name: value for name, value in options.items() if name not in ("eta", "send_key")
            }
        queue_name = q_name(message.queue_name)
        ready = dataclasses.replace(message, queue_name=queue_name, options=options)
        how = how_to_send(delay, int(options.get("priority", 0)), send_key)
        return Parcel(
            queue_name, options["redis_message_id"], ready.encode(), how, message.actor_name
        )

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Return a consumer of a queue; outside of a worker, one that holds `prefetch` messages."""
        shop = self.shop or Shop(
            self.namespace, self.broker_id, threads=max(prefetch, 1), most=max(prefetch, 1)
        )
        if queue_name.endswith(".DQ"):
            return ForeignDelayConsumer(self, shop, queue_name, timeout)
        return RedisConsumer(self, shop, queue_name, timeout)

    def open_shop(self, threads: int) -> Shop:
        """Open the shop of a worker in this process."""
        most = dramatiq.worker.QUEUE_PREFETCH or None
        self.shop = Shop(self.namespace, self.broker_id, threads=threads, most=most)
        self.shop.start(
            queues=self.get_declared_queues,
            heartbeat_timeout_ms=self.heartbeat_timeout,
            dead_message_ttl_ms=self.dead_message_ttl,
            live_ttl_ms=LIVE_TTL_MS,
        )
        return self.shop

    def close_shop(self) -> None:
        """Close it, when the worker has stopped."""
        if self.shop is not None:
            self.shop.close()
            self.shop = None

    def result_options(self, message: MessageProxy) -> tuple[int, bool]:
        """Return the ms that a message's record stays, and whether its result is kept."""
        for middleware, _ in self._named("after_process_message"):
            if isinstance(middleware, Results):
                actor = self.actors.get(message.actor_name)
                given, declared = message.options, actor.options if actor else {}
                ttl = declared.get("result_ttl", middleware.result_ttl)
                kept = declared.get("store_results", middleware.store_results)
                return int(given.get("result_ttl", ttl)), bool(given.get("store_results", kept))
        return RECORD_TTL_MS, False

    def flush(self, queue_name: str) -> None:
        """Drop all messages of a queue."""
        key = f"{self.namespace}:{q_name(queue_name)}"
        parts = ("", ".woken", ".msgs", ".prio", ".scores", ".delayed", ".suspects", ".deaths")
        rare = (".again", ".DQ", ".DQ.msgs", ".XQ", ".XQ.msgs")
        lines.call("DEL", *(key + part for part in (*parts, *rare)), action=f"flush {key}")

    def flush_all(self) -> None:
        """Drop all messages of all declared queues."""
        for queue_name in self.queues:
            self.flush(queue_name)

    def join(self, queue_name: str, *, interval: int = 100, timeout: int | None = None) -> None:
        """Wait, for tests, until a queue has no message left; looks every `interval` ms.

        Raises:
            QueueJoinTimeout: It has after `timeout` ms.
        """
        key = f"{self.namespace}:{q_name(queue_name)}"
        deadline = None if timeout is None else time.monotonic() + timeout / 1000
        while True:
            counts = [("HLEN", f"{key}.msgs"), ("HLEN", f"{key}.DQ.msgs")]
            if not any(lines.call_many(counts, action=f"look at {key}")):
                return
            if deadline is not None and time.monotonic() >= deadline:
                raise QueueJoinTimeout(queue_name)
            time.sleep(interval / 1000)

    def close(self) -> None:
        """Hang up idle connections."""
        lines.close_idle()

    def _stamp(
        self, message: Message[Any], delay: int | None, ending: Delivery | None
    ) -> Message[Any]:
        """Return the message as hooks see it, with the id that it has in Redis.

        That is the message's own, so that sending it twice is harmless; one that was sent before is
        meant to run again, and gets another. A retry takes the place of what it repeats.
        """
        held_id = message.message_id
        if ending is not None and ending.message_id == message.message_id:
            held_id = ending.held_id
        elif "redis_message_id" in message.options:
            held_id = str(uuid.uuid4())
        stamps: dict[str, Any] = {"redis_message_id": held_id}
        if delay is None:
            return message.copy(options=stamps)
        stamps["eta"] = current_millis() + delay
        return message.copy(queue_name=dq_name(message.queue_name), options=stamps)

    def _announce(
        self, messages: Iterable[tuple[Message[Any], int | None]]
    ) -> list[tuple[Message[Any], int | None]]:
        stamped = [(self._stamp(message, delay, None), delay) for message, delay in messages]
        for message, delay in stamped:
            self.emit_before("enqueue", message, delay)
        return stamped

    def _tell_sent(self, stamped: list[tuple[Message[Any], int | None]]) -> None:
        for message, delay in stamped:
            self.emit_after("enqueue", message, delay)

    def _named(self, name: str) -> list[Hook]:
        return self._hooks.named(self.middleware, name)

    def _report(self, name: str, middleware: Middleware) -> None:
        self.logger.critical("Unexpected failure in %s of %r.", name, middleware, exc_info=True)

    def _gather(self, ending: Delivery, parcel: Parcel) -> None:
        assert ending.plan is not None
        new = New("", parcel.queue_name, parcel.id, parcel.data, parcel.how)
        if parcel.id == ending.held_id:
            ending.plan.retry = new
        else:
            ending.plan.new.append(new)
