"""One subscription connection for each event loop, shared by all that wait there.

Whoever waits for a result and whoever watches a topic listens on a channel here. A channel that
begins and a connection that comes back both wake their listeners, who then look for themselves:
nothing that was published in between is missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import redis

from actors import conf
from actors.connection import aclient, unavailable

logger = logging.getLogger(__name__)

#: Seconds between two tries to reach a Redis that is away.
RECONNECT_PAUSE_S = (0.1, 0.2, 0.5, 1.0)
#: What a listener gets where it should look for itself: the channel has begun, or begun again.
LOOK = b""

type Listener = asyncio.Queue[bytes]

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, _Hub] = WeakKeyDictionary()


@asynccontextmanager
async def listen(channel: str) -> AsyncIterator[Listener]:
    """Give a queue of what is published on `channel`, first `LOOK`, once it is subscribed."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop) or _hubs.setdefault(loop, _Hub())
    listener: Listener = asyncio.Queue()
    await hub.add(channel, listener)
    try:
        yield listener
    finally:
        await hub.remove(channel, listener)


async def wait_for[T](
    channel: str, look: Callable[[], Awaitable[T | None]], timeout_s: float | None
) -> T | None:
    """Return what `look` finds, asked anew at each sign on `channel`, or None after `timeout_s`."""
    found = None
    try:
        async with asyncio.timeout(timeout_s), listen(channel) as listener:
            while found is None:
                await listener.get()
                found = await look()
    except TimeoutError:
        return None
    return found


class _Hub:
    """The connection of one loop, its channels and their listeners."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._pubsub = aclient().pubsub()
        self._reader: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def add(self, channel: str, listener: Listener) -> None:
        """Subscribe to `channel` if nobody has; raise `BrokerUnavailable` where Redis is away."""
        first = channel not in self._listeners
        self._listeners[channel].add(listener)
        try:
            await self._connect()
            if first:
                await self._pubsub.subscribe(channel)
            else:
                listener.put_nowait(LOOK)
        except BaseException:
            self._forget(channel, listener)
            raise

    async def remove(self, channel: str, listener: Listener) -> None:
        """Unsubscribe when the last listener of a channel leaves."""
        if self._forget(channel, listener) and self._connected.is_set():
            try:
                await self._pubsub.unsubscribe(channel)
            except (redis.RedisError, OSError):
                logger.debug("Redis went away before %s was unsubscribed.", channel)

    def _forget(self, channel: str, listener: Listener) -> bool:
        self._listeners[channel].discard(listener)
        if self._listeners[channel]:
            return False
        del self._listeners[channel]
        return True

    async def _connect(self) -> None:
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_for_ever(), name="actors-subscriptions")
        try:
            async with asyncio.timeout(conf.send_timeout_s()):
                await self._connected.wait()
        except TimeoutError as error:
            raise unavailable("listen", error) from error

    async def _read_for_ever(self) -> None:
        failures = 0
        try:
            while True:
                try:
                    await self._subscribe_all()
                    failures = 0
                    await self._read()
                except (redis.RedisError, OSError) as error:
                    if self._connected.is_set():
                        logger.warning("Subscriptions lost Redis (%s); reconnecting.", error)
                    self._connected.clear()
                    await self._pubsub.aclose()
                    self._pubsub = aclient().pubsub()
                    await asyncio.sleep(RECONNECT_PAUSE_S[min(failures, 3)])
                    failures += 1
        finally:
            self._connected.clear()
            await self._pubsub.aclose()

    async def _subscribe_all(self) -> None:
        # A channel of our own keeps the connection in subscribed mode while nobody listens.
        await self._pubsub.subscribe("actors:idle", *self._listeners)
        self._connected.set()

    async def _read(self) -> None:
        async for message in self._pubsub.listen():
            channel, data = message["channel"].decode(), message["data"]
            if message["type"] not in ("message", "subscribe"):
                continue
            for listener in self._listeners.get(channel, ()):
                listener.put_nowait(data if message["type"] == "message" else LOOK)
