"""`AsyncResult`: one handle on a message's result, for synchronous code and for coroutines."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Generator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Protocol, cast

import dramatiq
from asgiref.sync import sync_to_async

from actors import in_process, outbox, records, waiting
from actors.errors import (
    BrokerUnavailable,
    ResultFailure,
    ResultMissing,
    ResultsDisabled,
    ResultTimeout,
    Revoked,
)
from actors.failures import exception_of
from actors.records import Ended, Info
from actors.wire import lines
from actors.wire.links import LOOK, link
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
        _refuse_running_loop("ready", "aready")
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

    def info(self) -> Info:
        """Return what is known of the message: state, attempts, times, worker, error, progress.

            add.delay(4, 5).info().state    # "queued"

        Raises:
            BrokerUnavailable: Redis can't be reached.
        """
        _refuse_running_loop("info", "ainfo")
        if (here := in_process.info_of(self.id)) is not None:
            return here
        return records.info_of(lines.call(*self._look(), action=f"look at {self.id}"))

    async def ainfo(self) -> Info:
        """Async twin of `info`."""
        if (here := in_process.info_of(self.id)) is not None:
            return here
        return records.info_of(await link().call(*self._look(), action=f"look at {self.id}"))

    @property
    def state(self) -> str:
        """The message's state now: one of `Info` and `Ended`."""
        return self.info().state

    async def astate(self) -> str:
        """Async twin of `state`."""
        return (await self.ainfo()).state

    @property
    def attempts(self) -> int:
        """How often the message was begun, up to now; `info().tries` says more."""
        return self.info().attempts

    async def aattempts(self) -> int:
        """Async twin of `attempts`."""
        return (await self.ainfo()).attempts

    @property
    def traceback(self) -> str | None:
        """The traceback of a message that failed or is tried again, as text."""
        return self.info().traceback

    async def atraceback(self) -> str | None:
        """Async twin of `traceback`."""
        return (await self.ainfo()).traceback

    @property
    def result(self) -> R | BaseException | None:
        """What came of the message: its value, or the exception that `get` raises; None before.

        Raises:
            ResultsDisabled: The actor keeps none.
            BrokerUnavailable: Redis can't be reached.
        """
        _refuse_running_loop("result", "aresult")
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

        Also one that `delay_on_commit` has stored and not yet sent. Returns "revoked" (it will not
        run), "asked" (its worker was told), "ended" (too late) or "unknown".

        Raises:
            BrokerUnavailable: Redis can't be reached.
            DatabaseError: Redis does not know it, and the database can't be asked.
        """
        _refuse_running_loop("revoke", "arevoke")
        if (here := in_process.revoke(self.id)) is not None:
            return here
        action = f"revoke {self.id}"
        answer = lines.call(*self._revocation(), action=action)
        if answer == b"unknown":
            # Stored, or sent since; a sender that is at it finds what this leaves in Redis.
            stored = outbox.withdraw(self.id)
            answer = lines.call(*self._revocation(stored), action=action)
        return cast(bytes, answer).decode()

    async def arevoke(self) -> str:
        """Async twin of `revoke`."""
        if (here := in_process.revoke(self.id)) is not None:
            return here
        action = f"revoke {self.id}"
        answer = await link().call(*self._revocation(), action=action)
        if answer == b"unknown":
            stored = await sync_to_async(outbox.withdraw)(self.id)
            answer = await link().call(*self._revocation(stored), action=action)
        return cast(bytes, answer).decode()

    def forget(self) -> None:
        """Drop the stored result, and all else that is known of an ended message."""
        _refuse_running_loop("forget", "aforget")
        if not in_process.forget(self.id):
            lines.call(*self._oblivion(), action=f"forget {self.id}")

    async def aforget(self) -> None:
        """Async twin of `forget`."""
        if not in_process.forget(self.id):
            await link().call(*self._oblivion(), action=f"forget {self.id}")

    async def events(self) -> AsyncIterator[Info]:
        """Give the message's state and progress as they happen; the last one is how it ended.

        What follows at once on another may hide it. Waits for ever where nothing ends: an id that
        was never sent, or whose record is gone.

            async for info in result.events():
                print(info.state, info.progress)

        Raises:
            BrokerUnavailable: Redis can't be reached at the beginning. Later it may come and go.
        """
        if (here := in_process.info_of(self.id)) is not None:
            yield here
            return
        async with waiting.listen(records.channel(self.id)) as queue:
            told = None
            while True:
                await queue.get()
                while not queue.empty():
                    queue.get_nowait()
                try:
                    info = await self.ainfo()
                except BrokerUnavailable:
                    if told is None:
                        raise
                    await asyncio.sleep(waiting.LOOK_PAUSE_S)
                    queue.put_nowait(LOOK)
                    continue
                if info != told:
                    told = info
                    yield info
                if info.ended is not None:
                    return

    def _look(self) -> Command:
        broker = _broker()
        return records.look_command(broker.namespace, self.id, sorted(broker.queues))

    def _revocation(self, stored: bytes | None = None) -> Command:
        broker = _broker()
        queues = sorted(broker.queues)
        return records.revoke_command(broker.namespace, self.id, REVOKED_TTL_MS, queues, stored)

    def _oblivion(self) -> Command:
        return records.forget_command(_broker().namespace, self.id)

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
        name = self._actor_name or (record.actor if record else None)
        if record is None:
            raise ResultTimeout(result_id=self.id, actor_name=name, timeout_s=timeout_s or 0.0)
        error = self._error_of(record, name)
        if error is not None:
            raise error from None
        return cast(R, record.result)

    def _error_of(self, record: Ended, name: str | None) -> BaseException | None:
        if not record.kept and record.state not in ("revoked", "expired"):
            raise ResultsDisabled(result_id=self.id, actor_name=name)
        if record.state == "succeeded":
            return None
        if (raised := in_process.raised_by(self.id)) is not None:
            return raised
        if record.state == "revoked":
            return Revoked(result_id=self.id, actor_name=name)
        if record.state == "expired":
            text = "it expired before a worker came to it, and never ran."
            return ResultMissing(text, result_id=self.id, actor_name=name)
        return self._failure(record.error or {}, name)

    def _outcome(self, record: Ended | None) -> R | BaseException | None:
        if record is None:
            return None
        error = self._error_of(record, self._actor_name or record.actor)
        return cast(R, record.result) if error is None else error

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
