"""A broker that keeps what is sent, and the block in which it has the place of the project's."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any

import dramatiq
from asgiref.sync import sync_to_async
from dramatiq import Message

from actors import in_process
from actors.stand_in import StandIn, put_in_place

#: Messages that one `run` runs before it takes them for endless.
LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent. `delay_s`: seconds that it was postponed, None where it was not."""

    message: Message[Any]
    delay_s: float | None

    def __str__(self) -> str:
        """Return it as a call, with its queue, when it is due and what became of it."""
        message = self.message
        told = [repr(each) for each in message.args]
        told += [f"{name}={value!r}" for name, value in message.kwargs.items()]
        later = "" if self.delay_s is None else f", in {self.delay_s:g} s"
        info = in_process.info_of(message.message_id)
        state = f" ({info.state})" if info and info.state != "queued" else ""
        call = f"{message.actor_name}({', '.join(told)})"
        return f"{call} on queue {message.queue_name}{later}{state}"


class StubBroker(StandIn):
    """Keeps what is sent in `sent`, the oldest first, until it is run."""

    def __init__(self, real: dramatiq.Broker) -> None:
        super().__init__(real)
        self.sent: list[Sent] = []
        self._waiting: deque[Message[Any]] = deque()

    def accept(self, message: Message[Any], delay: int | None) -> None:
        """Keep it."""
        self.sent.append(Sent(message, None if delay is None else delay / 1000))
        self._waiting.append(message)

    def run_sent(self, *, raises: bool = True, limit: int = LIMIT) -> int:
        """Run what was sent, in order, and what that sends; return how many messages.

        Delayed ones run with the others, at once.

        Raises:
            Exception: What an actor raised, unless `raises` is False. The rest can still be run.
            AssertionError: After `limit` messages there are more.
            RuntimeError: Under a running event loop.
        """
        _refuse_running_loop()
        count = 0
        while self._waiting:
            if count >= limit:
                raise AssertionError(
                    f"{count} messages ran, and there are more; the next: {self._waiting[0]}. "
                    "Does an actor send itself for ever? Else give run_sent a higher limit."
                )
            message = self._waiting.popleft()
            self.run(message)
            count += 1
            raised = in_process.raised_by(message.message_id)
            if raises and raised is not None:
                raise raised
        return count

    async def arun_sent(self, *, raises: bool = True, limit: int = LIMIT) -> int:
        """Async twin of `run_sent`."""
        return await sync_to_async(self.run_sent)(raises=raises, limit=limit)


class Capture:
    """What `capture` returns."""

    def __init__(self) -> None:
        self._brokers: list[StubBroker] = []

    def __enter__(self) -> StubBroker:
        broker = StubBroker(dramatiq.get_broker())
        self._brokers.append(broker)
        put_in_place(broker)
        return broker

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        put_in_place(self._brokers.pop().real)

    def __call__[F: Callable[..., Any]](self, function: F) -> F:
        """Decorate a test, `def` or `async def`."""

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with capture():
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def awrapped(*args: Any, **kwargs: Any) -> Any:
            with capture():
                return await function(*args, **kwargs)

        return awrapped if iscoroutinefunction(function) else wrapped  # type: ignore[return-value]


def capture() -> Capture:
    """Keep what is sent in a `with` block, or in a decorated test, from leaving.

    with capture() as broker:
        add.delay(4, 5)
    assert len(broker.sent) == 1
    """
    return Capture()


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("run_sent() would block the running event loop; use `await arun_sent()`.")
