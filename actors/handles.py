"""`AsyncResult`: one handle on a message's result, for synchronous code and for coroutines."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Generator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Protocol, cast

import dramatiq

from actors import records, waiting
from actors.errors import ResultFailure, ResultMissing, ResultsDisabled, ResultTimeout, Revoked
from actors.failures import exception_of
from actors.records import Ended, Info
from actors.wire import lines
from actors.wire.links import link
from actors.wire.scripts import Command

#: Milliseconds that the record of a revoked message stays.
REVOKED_TTL_MS = 3_600_000

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
        return self._settle(waiting.wait_for_end(self.id, timeout_s), timeout_s)

    async def aget(
        self, timeout: float | timedelta | None = DEFAULT_TIMEOUT_S, *, inside_actor: bool = False
    ) -> R:
        """Async twin of `get`."""
        self._check(inside_actor)
        timeout_s = _seconds(timeout)
        return self._settle(await waiting.await_end(self.id, timeout_s), timeout_s)

    def ready(self) -> bool:
        """Return whether the message has ended and its result can be had at once."""
        _refuse_running_loop("ready", "aready")
        self._check_kept()
        return waiting.wait_for_end(self.id, 0) is not None

    async def aready(self) -> bool:
        """Async twin of `ready`."""
        self._check_kept()
        return await waiting.await_end(self.id, 0) is not None

    def info(self) -> Info:
        """Return what is known of the message: state, attempts, times, worker, error, progress.

            add.delay(4, 5).info().state    # "queued"

        Raises:
            BrokerUnavailable: Redis can't be reached.
        """
        _refuse_running_loop("info", "ainfo")
        return records.info_of(lines.call(*self._look(), action=f"look at {self.id}"))

    async def ainfo(self) -> Info:
        """Async twin of `info`."""
        return records.info_of(await link().call(*self._look(), action=f"look at {self.id}"))

    @property
    def state(self) -> str:
        """The message's state now: one of `Info` and `Ended`."""
        return self.info().state

    async def astate(self) -> str:
        """Async twin of `state`."""
        return (await self.ainfo()).state

    def successful(self) -> bool:
        """Return whether the message has ended well."""
        return self.state == "succeeded"

    async def asuccessful(self) -> bool:
        """Async twin of `successful`."""
        return await self.astate() == "succeeded"

    def failed(self) -> bool:
        """Return whether the message has failed for good."""
        return self.state == "failed"

    async def afailed(self) -> bool:
        """Async twin of `failed`."""
        return await self.astate() == "failed"

    def revoke(self) -> str:
        """Cancel the message: what waits never runs, what runs is interrupted where possible.

        Returns "revoked" (it will not run), "asked" (its worker was told), "ended" (too late) or
        "unknown".

        Raises:
            BrokerUnavailable: Redis can't be reached.
        """
        _refuse_running_loop("revoke", "arevoke")
        answer = lines.call(*self._revocation(), action=f"revoke {self.id}")
        return cast(bytes, answer).decode()

    async def arevoke(self) -> str:
        """Async twin of `revoke`."""
        answer = await link().call(*self._revocation(), action=f"revoke {self.id}")
        return cast(bytes, answer).decode()

    def forget(self) -> None:
        """Drop the stored result, and all else that is known of an ended message."""
        _refuse_running_loop("forget", "aforget")
        lines.call(*self._oblivion(), action=f"forget {self.id}")

    async def aforget(self) -> None:
        """Async twin of `forget`."""
        await link().call(*self._oblivion(), action=f"forget {self.id}")

    async def events(self) -> AsyncIterator[Info]:
        """Give the message's state and progress as they happen; the last one is how it ended.

        async for info in result.events():
            print(info.state, info.progress)

        Raises:
            BrokerUnavailable: Redis can't be reached.
        """
        async with waiting.listen(records.channel(self.id)) as queue:
            told = None
            while True:
                await queue.get()
                while not queue.empty():
                    queue.get_nowait()
                info = await self.ainfo()
                if info != told:
                    told = info
                    yield info
                if info.ended is not None:
                    return

    def _look(self) -> Command:
        broker = _broker()
        return records.look_command(broker.namespace, self.id, sorted(broker.queues))

    def _revocation(self) -> Command:
        broker = _broker()
        queues = sorted(broker.queues)
        return records.revoke_command(broker.namespace, self.id, REVOKED_TTL_MS, queues)

    def _oblivion(self) -> Command:
        return ("DEL", records.ended_key(self.id), records.live_key(self.id))

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

    def _settle(self, record: Ended | None, timeout_s: float | None) -> R:
        name = self._actor_name or (record.actor if record else None)
        if record is None:
            raise ResultTimeout(result_id=self.id, actor_name=name, timeout_s=timeout_s or 0.0)
        if not record.kept and record.state not in ("revoked", "expired"):
            raise ResultsDisabled(result_id=self.id, actor_name=name)
        if record.state == "succeeded":
            return cast(R, record.result)
        if record.state == "revoked":
            raise Revoked(result_id=self.id, actor_name=name)
        if record.state == "expired":
            text = "it expired before a worker came to it, and never ran."
            raise ResultMissing(text, result_id=self.id, actor_name=name)
        raise self._failure(record.error or {}, name) from None

    def _failure(self, failure: dict[str, Any], name: str | None) -> Exception:
        return exception_of(failure) or ResultFailure(
            result_id=self.id,
            actor_name=name,
            error_type=str(failure.get("type")),
            error=str(failure.get("msg")),
            traceback=str(failure.get("traceback", "")),
        )


def _broker() -> Any:
    return dramatiq.get_broker()


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
