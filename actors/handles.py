"""`AsyncResult`: one handle on a message's result, for synchronous code and for coroutines."""

from __future__ import annotations

from collections.abc import Generator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, cast

from actors import in_process, waiting
from actors.errors import ResultMissing, ResultsDisabled, ResultTimeout
from actors.following import Followed, refuse_running_loop
from actors.records import Ended
from actors.settling import error_of

#: Seconds that `get` waits unless told.
DEFAULT_TIMEOUT_S = 10.0
#: The id of the message that this thread or task is processing; set by `actors.middleware.Facade`.
current_message_id: ContextVar[str | None] = ContextVar("current_message_id", default=None)


class AsyncResult[R](Followed):
    """The result of a message, found by its id from any process.

    `r.get()` in synchronous code, `await r.aget()` or `await r` in a coroutine:

        result = add.delay(4, 5)
        result.get(timeout=3)           # 9
        await AsyncResult(result.id)    # 9
    """

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, R]:
        return self.aget().__await__()

    def get(
        self, timeout: float | timedelta | None = DEFAULT_TIMEOUT_S, *, inside_actor: bool = False
    ) -> R:
        """Return the actor's return value; blocks this thread until it is there.

        `timeout` is in seconds or a `timedelta`; None waits for ever. `inside_actor` allows to wait
        in an actor: a worker whose threads all wait so never gets to what they wait for.

        Raises:
            Exception: What the actor raised, where its class is loaded here.
            ResultFailure: What it raised otherwise: type, text and traceback.
            ResultTimeout: None came in time.
            ResultsDisabled: The actor keeps none.
            ResultMissing: The message leaves with a transaction that has not committed.
            BrokerUnavailable: Redis can't be reached.
            RuntimeError: Under a running event loop, or in an actor without `inside_actor`.
        """
        refuse_running_loop("get", "aget")
        self._check(inside_actor)
        timeout_s = _seconds(timeout)
        here = in_process.end_of(self.id)
        return self._settle(here or waiting.wait_for_end(self.id, timeout_s), timeout_s)

    async def aget(
        self, timeout: float | timedelta | None = DEFAULT_TIMEOUT_S, *, inside_actor: bool = False
    ) -> R:
        """Async twin of `get`."""
        self._check(inside_actor)
        timeout_s = _seconds(timeout)
        here = in_process.end_of(self.id)
        return self._settle(here or await waiting.await_end(self.id, timeout_s), timeout_s)

    def ready(self) -> bool:
        """Return whether the message has ended and its result can be had at once."""
        refuse_running_loop("ready", "aready")
        self._check_kept()
        if (here := in_process.info_of(self.id)) is not None:
            return here.ended is not None
        return waiting.wait_for_end(self.id, 0) is not None

    async def aready(self) -> bool:
        """Async twin of `ready`."""
        self._check_kept()
        if (here := in_process.info_of(self.id)) is not None:
            return here.ended is not None
        return await waiting.await_end(self.id, 0) is not None

    @property
    def result(self) -> R | BaseException | None:
        """What came of the message: its value, or the exception that `get` raises; None before.

        Raises:
            ResultsDisabled: The actor keeps none.
            BrokerUnavailable: Redis can't be reached.
        """
        refuse_running_loop("result", "aresult")
        self._check_kept()
        if in_process.info_of(self.id) is not None:
            return self._outcome(in_process.end_of(self.id))
        return self._outcome(waiting.wait_for_end(self.id, 0))

    async def aresult(self) -> R | BaseException | None:
        """Async twin of `result`."""
        self._check_kept()
        if in_process.info_of(self.id) is not None:
            return self._outcome(in_process.end_of(self.id))
        return self._outcome(await waiting.await_end(self.id, 0))

    def _check(self, inside_actor: bool) -> None:
        if current_message_id.get() is not None and not inside_actor:
            raise RuntimeError(
                f"{self!r}: waiting for a result inside an actor can deadlock its worker. Send a "
                "message that goes on from here, or say get(inside_actor=True)."
            )
        self._check_kept()
        if self._is_committed and not self._is_committed():
            raise ResultMissing(
                "its message leaves when the surrounding transaction commits, which it has not "
                "done. Ask after the atomic() block.",
                result_id=self.id,
                actor_name=self._actor_name,
            )

        here = in_process.info_of(self.id)
        if here is not None and here.ended is None:
            text = (
                "no such message was sent in this process, and no worker is asked: ACTORS_EAGER is "
                "set, or a test captures what is sent."
                if here.state == "unknown"
                else f"it is {here.state}, and no worker will run it. In a test, call run_sent()."
            )
            raise ResultMissing(text, result_id=self.id, actor_name=self._actor_name)

    def _check_kept(self) -> None:
        if self._actor and not self._actor.keeps_results:
            raise ResultsDisabled(result_id=self.id, actor_name=self._actor_name)

    def _settle(self, record: Ended | None, timeout_s: float | None) -> R:
        if record is None:
            raise ResultTimeout(
                result_id=self.id, actor_name=self._actor_name, timeout_s=timeout_s or 0.0
            )
        error = error_of(record, self.id, self._actor_name)
        if error is not None:
            raise error from None
        return cast(R, record.result)

    def _outcome(self, record: Ended | None) -> R | BaseException | None:
        if record is None:
            return None
        error = error_of(record, self.id, self._actor_name)
        return cast(R, record.result) if error is None else error


def _seconds(timeout: float | timedelta | None) -> float | None:
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if seconds is not None and seconds < 0:
        raise ValueError(f"timeout is {seconds:g} s; expected 0 or more, or None for ever.")
    return seconds
