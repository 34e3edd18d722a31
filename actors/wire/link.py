"""The connection of one event loop: for all that its coroutines send, and all they wait for.

The commands of one turn of the loop leave in one write, and their answers are matched in order.
What is published comes over the same connection (protocol 3): any number of waiters costs no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Protocol

import hiredis

from actors import conf
from actors.wire.address import address_of
from actors.wire.protocol import AnswerProtocol, dial
from actors.wire.replies import NoAnswer, ReplyError, unavailable
from actors.wire.scripts import Command, pack, unknown_to_server
from actors.wire.subscriptions import Listener, Subscriptions

logger = logging.getLogger(__name__)

#: Seconds between two tries to reach a Redis that is away, while somebody listens.
RECONNECT_PAUSE_S = (0.05, 0.1, 0.2, 0.5, 1.0)
#: Seconds between two looks whether a server that says nothing is still there.
PING_INTERVAL_S = 15.0


class Taker(Protocol):
    """What takes an answer: a future, or one for many."""

    def done(self) -> bool:
        """Return whether nothing is wanted any more."""

    def set_result(self, answer: Any, /) -> None:
        """Take the answer."""

    def set_exception(self, error: Any, /) -> None:
        """Take the error."""


class _Sent:
    """A command on its way. `deadline` is of the loop's clock."""

    __slots__ = ("action", "command", "deadline", "future")

    def __init__(self, command: Command, future: Taker, action: str, deadline: float) -> None:
        self.command, self.future, self.action = command, future, action
        self.deadline = deadline


class Link:
    """The connection of one loop. Its methods are called on that loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, url: str) -> None:
        self.loop, self.url = loop, url
        self._address = address_of(url)
        self._unsent: list[_Sent] = []
        self._sent: deque[_Sent] = deque()
        self.subscriptions = Subscriptions()
        self._out: list[bytes] = []
        self._flush_is_due = False
        self._connection: tuple[asyncio.Transport, AnswerProtocol] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._owner: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self._wanted = asyncio.Event()

    def call(self, *command: Any, action: str) -> asyncio.Future[Any]:
        """Send a command with all others of this turn of the loop; the future holds its answer.

        It ends in `BrokerUnavailable` where none came within `ACTORS_SEND_TIMEOUT_S`, or where
        Redis answered with an error.
        """
        future: asyncio.Future[Any] = self.loop.create_future()
        self.send(command, future, action)
        return future

    def send(self, command: Command, taker: Taker, action: str) -> None:
        """Send a command whose answer `taker` takes."""
        timeout_s = conf.send_timeout_s()
        sent = _Sent(command, taker, action, self.loop.time() + timeout_s)
        if self._connection is None:
            self._unsent.append(sent)
            self._wanted.set()
            self._connect()
        else:
            self._write(sent)
        if self._timer is None:
            self._timer = self.loop.call_later(timeout_s, self._end_overdue)

    def flush(self) -> None:
        """Write what this turn of the loop has gathered."""
        self._flush_is_due = False
        if self._out and self._connection is not None:
            packed = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            self._connection[0].write(packed)

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Call `listener` with what is published, and with `LOOK` when that begins (again)."""
        if self.subscriptions.add(channel, listener):
            if self._connection is None:
                self._connect()
            else:
                self._say("SUBSCRIBE", channel)

    def unsubscribe(self, channel: str, listener: Listener) -> None:
        """Stop calling `listener`."""
        if self.subscriptions.remove(channel, listener) and self._connection is not None:
            self._say("UNSUBSCRIBE", channel)

    @property
    def is_connected(self) -> bool:
        """Whether commands reach Redis now."""
        return self._connection is not None

    def _say(self, *command: str) -> None:
        self._out.append(pack(command))
        self._flush_soon()

    def _write(self, sent: _Sent) -> None:
        self._sent.append(sent)
        self._out.append(pack(sent.command))
        self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self.loop.call_soon(self.flush)

    def _connect(self) -> None:
        if self._owner is None or self._owner.done():
            self._owner = self.loop.create_task(self._own(), name="actors-link")

    async def _own(self) -> None:
        """Keep the connection for as long as it is of use; a loop that ends cancels this."""
        failures = 0
        try:
            while failures == 0 or self.subscriptions or self._unsent:
                try:
                    await self._open()
                except (OSError, hiredis.HiredisError) as error:
                    self._fail(self._unsent, error)
                    if failures == 1:
                        logger.warning("%s", unavailable("listen", error))
                    await self._pause(RECONNECT_PAUSE_S[min(failures, 4)])
                    failures += 1
                    continue
                if failures > 1:
                    logger.warning("Redis is back.")
                failures = 0
                await self._watch()
                if not (self.subscriptions or self._unsent):
                    return
        finally:
            self._close()
            # The transport's own last step comes with the loop's next turn.
            await asyncio.sleep(0)

    async def _pause(self, most_s: float) -> None:
        """Wait before the next try, but no longer than until somebody sends."""
        self._wanted.clear()
        try:
            async with asyncio.timeout(most_s):
                await self._wanted.wait()
        except TimeoutError:
            return

    async def _open(self) -> None:
        self._lost.clear()
        async with asyncio.timeout(conf.send_timeout_s()):
            transport, protocol = await dial(self.loop, self._address, self)
            try:
                for answer in await protocol.hello:
                    if isinstance(answer, ReplyError):
                        raise answer
            except BaseException:
                protocol.give_up()
                raise
        self._connection = (transport, protocol)
        if self.subscriptions:
            self._say("SUBSCRIBE", *self.subscriptions.channels)
        for sent in self._unsent:
            self._write(sent)
        self._unsent.clear()
        self.flush()

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(PING_INTERVAL_S):
                    await self._lost.wait()
                return
            except TimeoutError:
                if self.subscriptions and not self._sent:
                    self.call("PING", action="listen").add_done_callback(_ignore)

    def answered(self, answer: Any) -> None:
        """Take the next answer or what was published; called by the protocol."""
        if type(answer) is hiredis.PushNotification:
            self.subscriptions.published(answer)
            return
        if isinstance(answer, ReplyError):
            self._refused(answer)
            return
        future = self._sent.popleft().future
        if not future.done():
            future.set_result(answer)

    def _refused(self, error: ReplyError) -> None:
        if str(error).startswith("NOPERM") and "channel" in str(error):
            # The answer to SUBSCRIBE, which is not among what was sent.
            logger.error("Redis does not let this user listen: %s", error)
            return
        sent = self._sent.popleft()
        lesson = unknown_to_server(sent.command, error)
        if lesson is not None and not sent.future.done():
            self.call(*lesson, action="load a script").add_done_callback(_ignore)
            self._write(sent)
        elif not sent.future.done():
            sent.future.set_exception(unavailable(sent.action, error))

    def _end_overdue(self) -> None:
        """Give up what is overdue; answers come in order, so nothing after it would come sooner."""
        self._timer = None
        head = self._sent[0] if self._sent else (self._unsent[0] if self._unsent else None)
        if head is None:
            return
        if head.deadline > self.loop.time():
            self._timer = self.loop.call_at(head.deadline, self._end_overdue)
            return
        error = NoAnswer(conf.send_timeout_s())
        self._fail(self._unsent, error)
        if self._sent:
            self._lose(error)

    def hung_up(self, protocol: AnswerProtocol, error: BaseException) -> None:
        """Take note that a connection is gone, where it is the one in use."""
        if self._connection is not None and self._connection[1] is protocol:
            self._lose(error)

    def _lose(self, error: BaseException) -> None:
        """Fail all that has no answer, and begin anew where somebody listens."""
        self._close()
        self._fail(self._sent, error)
        self._lost.set()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._out.clear()
        if connection is not None:
            connection[1].give_up()

    def _fail(self, all_sent: list[_Sent] | deque[_Sent], error: BaseException) -> None:
        failed = list(all_sent)
        all_sent.clear()
        for sent in failed:
            if not sent.future.done():
                sent.future.set_exception(unavailable(sent.action, error))


def _ignore(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
