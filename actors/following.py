"""`Followed`: what is known of a message by its id, and what can be done about it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol, cast

import dramatiq
from asgiref.sync import sync_to_async

from actors import in_process, outbox, records, waiting
from actors.errors import BrokerUnavailable
from actors.records import Info
from actors.wire import lines
from actors.wire.links import link
from actors.wire.scripts import Command
from actors.wire.subscriptions import LOOK

#: Milliseconds that the record of a revoked message stays.
REVOKED_TTL_MS = 3_600_000


class Sender(Protocol):
    """What a handle knows of the actor that sent its message."""

    actor_name: str

    @property
    def keeps_results(self) -> bool:
        """Whether there will be a result to ask for."""


class Followed:
    """A message, followed by its id from any process, whether it keeps a result or not."""

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
        return f"<{type(self).__name__} {self._actor_name or 'message'} {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Followed) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def info(self) -> Info:
        """Return what is known of the message: state, attempts, times, worker, error, progress.

            add.delay(4, 5).info().state    # "queued"

        Raises:
            BrokerUnavailable: Redis can't be reached.
        """
        refuse_running_loop("info", "ainfo")
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
        refuse_running_loop("revoke", "arevoke")
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
        refuse_running_loop("forget", "aforget")
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


def refuse_running_loop(name: str, twin: str) -> None:
    """Raise RuntimeError, naming the twin, where a call would block an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"AsyncResult.{name}() would block the running event loop; use `await r.{twin}()`."
    )


def _broker() -> Any:
    return dramatiq.get_broker()
