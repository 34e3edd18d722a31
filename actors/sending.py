"""Puts encoded messages on their queues: one from a thread, or all of a loop's turn at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from actors.errors import BrokerUnavailable
from actors.wire import lines
from actors.wire.link import Link
from actors.wire.links import link
from actors.wire.protocol import MOST_IN_A_TURN
from actors.wire.replies import ReplyError, unavailable
from actors.wire.scripts import ENQUEUE, Command

#: Messages in one call of the script, which nobody else's command can interrupt: some 2 ms.
MOST_IN_A_CALL = 500

_batches: WeakKeyDictionary[Link, dict[tuple[str, str], _Batch]] = WeakKeyDictionary()


class Parcel(NamedTuple):
    """An encoded message. `how` is empty, or what docs/broker.md says of delay and priority."""

    queue_name: str
    id: str
    data: bytes
    how: str
    actor_name: str


def how_to_send(delay_ms: int | None, priority: int, send_key: str = "") -> str:
    """Return the `how` of a message; `send_key`, of the outbox's: "stored,K" or "again,K"."""
    how = f"{max(int(delay_ms or 0), 0)},{priority}" if delay_ms or priority or send_key else ""
    return f"{how},{send_key}" if send_key else how


def send(namespace: str, parcel: Parcel) -> None:
    """Send one message from this thread.

    Raises:
        BrokerUnavailable: It is not known to have arrived.
    """
    queue_name, message_id, data, how, actor_name = parcel
    action = f"send {actor_name} {message_id}"
    lines.call(*ENQUEUE(namespace, queue_name, message_id, data, how), action=action)


def send_many(namespace: str, parcels: Iterable[Parcel]) -> None:
    """Send many messages from this thread, in a few round trips.

    Raises:
        BrokerUnavailable: Not all are known to have arrived.
    """
    commands = list(_commands(namespace, parcels))
    for start in range(0, len(commands), 8):
        some = commands[start : start + 8]
        for answer in lines.call_many(some, action="send messages"):
            if isinstance(answer, ReplyError):
                raise unavailable("send messages", answer)


async def asend_many(namespace: str, parcels: Iterable[Parcel]) -> None:
    """Async twin of `send_many`."""
    connection = link()
    commands = list(_commands(namespace, parcels))
    for start in range(0, len(commands), 8):
        some = commands[start : start + 8]
        await asyncio.gather(*(connection.call(*each, action="send messages") for each in some))


def send_soon(namespace: str, parcel: Parcel) -> asyncio.Future[None]:
    """Send with all others of this turn of the loop; the future ends when the message is there."""
    connection = link()
    batches = _batches.get(connection)
    if batches is None:
        batches = _batches[connection] = {}
    key = (namespace, parcel[0])
    batch = batches.get(key)
    if batch is None:
        if not batches:
            connection.loop.call_soon(_send_batches, connection, batches)
        batch = batches[key] = _Batch()
    future: asyncio.Future[None] = connection.loop.create_future()
    batch.fields += parcel[1:4]
    batch.waiting.append((future, parcel))
    if len(batch.waiting) >= MOST_IN_A_CALL:
        del batches[key]
        _send_batch(connection, key, batch)
    return future


class _Batch:
    """Messages of one queue in one call. Takes the answer as a future would, for all of them."""

    __slots__ = ("fields", "waiting")

    def __init__(self) -> None:
        self.fields: list[Any] = []
        self.waiting: list[tuple[asyncio.Future[None], Parcel]] = []

    def done(self) -> bool:
        return False

    def set_result(self, answer: Any) -> None:
        """Wake the senders, some in each turn of the loop."""
        woken, self.waiting = self.waiting[:MOST_IN_A_TURN], self.waiting[MOST_IN_A_TURN:]
        for future, _ in woken:
            if not future.done():
                future.set_result(None)
        if self.waiting:
            self.waiting[0][0].get_loop().call_soon(self.set_result, answer)

    def set_exception(self, error: BrokerUnavailable) -> None:
        for future, parcel in self.waiting:
            if not future.done():
                action = f"send {parcel.actor_name} {parcel.id}"
                future.set_exception(error.about(action))


def _send_batches(connection: Link, batches: dict[tuple[str, str], _Batch]) -> None:
    gathered = list(batches.items())
    batches.clear()
    for key, batch in gathered:
        _send_batch(connection, key, batch)
    connection.flush()


def _send_batch(connection: Link, key: tuple[str, str], batch: _Batch) -> None:
    connection.send(ENQUEUE(*key, *batch.fields), batch, "send messages")


def _commands(namespace: str, parcels: Iterable[Parcel]) -> Iterator[Command]:
    for queue_name, group in groupby(parcels, key=attrgetter("queue_name")):
        fields: list[Any] = []
        for parcel in group:
            fields += parcel[1:4]
            if len(fields) >= 3 * MOST_IN_A_CALL:
                yield ENQUEUE(namespace, queue_name, *fields)
                fields = []
        if fields:
            yield ENQUEUE(namespace, queue_name, *fields)
