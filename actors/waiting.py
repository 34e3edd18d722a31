"""Waits for the end of messages: any number of coroutines on their loop's one connection.

Threads wait on a loop of the process that runs in the background, so they too share one connection.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

from actors import records
from actors.errors import BrokerUnavailable
from actors.wire import lines
from actors.wire.link import Link
from actors.wire.links import link
from actors.wire.subscriptions import LOOK

#: Seconds between two looks, where Redis is back and does not answer yet.
LOOK_PAUSE_S = 0.5

_lock = threading.Lock()
_background: asyncio.AbstractEventLoop | None = None


async def await_end(message_id: str, timeout_s: float | None) -> records.Ended | None:
    """Return how a message ended, or None where it has not within `timeout_s` seconds.

    Raises:
        BrokerUnavailable: Redis can't be reached at the beginning. Later it may come and go.
    """
    connection = link()
    key, action = records.ended_key(message_id), f"wait for {message_id}"
    if timeout_s == 0:
        return _ended(await connection.call("GET", key, action=action))
    told: asyncio.Future[bytes] = connection.loop.create_future()
    again = asyncio.Event()

    def listener(data: bytes) -> None:
        if data == LOOK:
            again.set()
        elif records.is_end(data) and not told.done():
            told.set_result(data)
            again.set()

    channel = records.channel(message_id)
    connection.subscribe(channel, listener)
    try:
        async with asyncio.timeout(timeout_s):
            found = await connection.call("GET", key, action=action)
            while found is None and not told.done():
                again.clear()
                await again.wait()
                if not told.done():
                    found = await _look_again(connection, key)
        return _ended(found if found is not None else told.result())
    except TimeoutError:
        return None
    finally:
        connection.unsubscribe(channel, listener)


async def _look_again(connection: Link, key: str) -> bytes | None:
    """Look where an end may have been missed, until Redis answers."""
    while True:
        try:
            return cast("bytes | None", await connection.call("GET", key, action="wait"))
        except BrokerUnavailable:
            await asyncio.sleep(LOOK_PAUSE_S)


def wait_for_end(message_id: str, timeout_s: float | None) -> records.Ended | None:
    """Return what `await_end` returns, to a thread; blocks it."""
    key, action = records.ended_key(message_id), f"wait for {message_id}"
    found = _ended(lines.call("GET", key, action=action))
    if found is not None or timeout_s == 0:
        return found
    return wait_for(await_end(message_id, timeout_s))


def wait_for[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that waits on the background loop; blocks this thread."""
    waiting = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    try:
        return waiting.result()
    except BaseException:
        waiting.cancel()
        raise


@asynccontextmanager
async def listen(channel: str) -> AsyncIterator[asyncio.Queue[bytes]]:
    """Give a queue of what is published on `channel`; `LOOK` first, and after each reconnect."""
    connection = link()
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    if not connection.is_connected:
        await connection.call("PING", action="listen")
    connection.subscribe(channel, queue.put_nowait)
    try:
        yield queue
    finally:
        connection.unsubscribe(channel, queue.put_nowait)


def _ended(data: bytes | None) -> records.Ended | None:
    return None if data is None else records.ended_of(data)


def _loop() -> asyncio.AbstractEventLoop:
    """Return the process's background loop, started at first use."""
    global _background
    with _lock:
        if _background is None:
            loop = _background = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="actors-waiting", daemon=True).start()
        return _background


def _forget_background() -> None:
    global _background, _lock
    # Threads do not survive a fork.
    _background, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_background)
