"""`AsyncResult`: one handle on a message's result, for synchronous code and for coroutines."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Generator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Protocol, cast

import dramatiq
from dramatiq.results import ResultFailure as DramatiqResultFailure
from dramatiq.results.result import unwrap_result

from actors.errors import ResultFailure, ResultMissing, ResultsDisabled, ResultTimeout
from actors.failures import exception_of
from actors.results import MISSING, RedisBackend

#: Seconds that `get` waits unless told.
DEFAULT_TIMEOUT_S = 10.0
#: The id of the message that this thread or task is processing; set by `actors.middleware.Facade`.
current_message_id: ContextVar[str | None] = ContextVar("current_message_id", default=None)


class Sender(Protocol):
    """What a handle knows of the actor that sent its message."""

    actor_name: str

    @property
    def keeps_results(self) -> bool:
        """Whether there will be a result to ask for."""


class AsyncResult[R]:
    """The result of a message, found by its id from any process.

    `r.get()` in synchronous code, `await r.aget()` or `await r` in a coroutine:

        result = add.delay(4, 5)
        result.get(timeout=3)           # 9
        await AsyncResult(result.id)    # 9
    """

    __slots__ = ("_actor", "_is_committed", "id")

    def __init__(
        self,
        id: str | uuid.UUID,
        *,
        actor: Sender | None = None,
        is_committed: Callable[[], bool] | None = None,
    ) -> None:
        self.id = str(id)
        self._actor = actor
        self._is_committed = is_committed

    def __repr__(self) -> str:
        return f"<AsyncResult {self._actor_name or 'message'} {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncResult) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

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
        _refuse_running_loop("get", "aget")
        self._check(inside_actor)
        timeout_s = _seconds(timeout)
        return self._settle(_backend().fetch(self.id, timeout_s), timeout_s)

    async def aget(
        self, timeout: float | timedelta | None = DEFAULT_TIMEOUT_S, *, inside_actor: bool = False
    ) -> R:
        """Async twin of `get`."""
        self._check(inside_actor)
        timeout_s = _seconds(timeout)
        return self._settle(await _backend().afetch(self.id, timeout_s), timeout_s)

    def ready(self) -> bool:
        """Return whether the message has ended and its result can be had at once."""
        _refuse_running_loop("ready", "aready")
        self._check_kept()
        return _backend().fetch(self.id, 0) is not MISSING

    async def aready(self) -> bool:
        """Async twin of `ready`."""
        self._check_kept()
        return await _backend().afetch(self.id, 0) is not MISSING

    @property
    def _actor_name(self) -> str | None:
        return self._actor.actor_name if self._actor else None

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

    def _check_kept(self) -> None:
        if self._actor and not self._actor.keeps_results:
            raise ResultsDisabled(result_id=self.id, actor_name=self._actor_name)

    def _settle(self, stored: Any, timeout_s: float | None) -> R:
        if stored is MISSING:
            raise ResultTimeout(
                result_id=self.id, actor_name=self._actor_name, timeout_s=timeout_s or 0.0
            )
        try:
            return cast(R, unwrap_result(stored))
        except DramatiqResultFailure:
            raise self._failure(stored["exn"]) from None

    def _failure(self, failure: dict[str, Any]) -> Exception:
        return exception_of(failure) or ResultFailure(
            result_id=self.id,
            actor_name=self._actor_name,
            error_type=str(failure.get("type")),
            error=str(failure.get("msg")),
            traceback=str(failure.get("traceback", "")),
        )


def _backend() -> RedisBackend:
    return cast(RedisBackend, dramatiq.get_broker().get_results_backend())


def _seconds(timeout: float | timedelta | None) -> float | None:
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if seconds is not None and seconds < 0:
        raise ValueError(f"timeout is {seconds:g} s; expected 0 or more, or None for ever.")
    return seconds


def _refuse_running_loop(name: str, twin: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"AsyncResult.{name}() would block the running event loop; use `await r.{twin}()`."
    )
