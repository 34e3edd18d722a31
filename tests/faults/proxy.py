"""A proxy in front of a Redis server that counts commands, and lets a chosen one fail, once.

Runs in a thread of its own. Clients come by TCP; the server is reached by TCP or a unix socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tests.faults.fault import Fault, Way
from tests.faults.link import Link, Streams
from tests.faults.scripts import Scripts


class Seen(NamedTuple):
    """One command; connections are numbered from 1."""

    connection: int
    name: str


class Proxy:
    """One listening port, and all connections through it."""

    def __init__(self, upstream: str, scripts: Scripts | None = None) -> None:
        """`upstream` is the server's address in redis-py's form; proxies of one share `scripts`."""
        self._upstream = urlsplit(upstream)
        self._scripts = scripts or Scripts()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._faults: list[Fault] = []
        self._links: set[asyncio.Task[None]] = set()
        self._connected = 0
        self._is_half_open = False
        self._left_open: list[Streams] = []
        #: Every command, in their order.
        self.seen: list[Seen] = []

    def start(self) -> None:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, "127.0.0.1", 0))
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}"

    def stop(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def fail(self, name: str, way: Way, *, nth: int = 1, **details: float | str) -> Fault:
        """Arm a fault: the `nth` command of that name, counted from now, fails once."""
        fault = Fault(name, way, nth, **details)  # type: ignore[arg-type]
        self._faults.append(fault)
        return fault

    def disarm(self) -> None:
        """Let nothing fail any more."""
        self._faults.clear()

    def cut(self, *, half_open: bool = False) -> None:
        """Cut every connection; `half_open`: so that the server does not hear of it."""
        self._is_half_open = half_open
        self._call(self._cut())
        self._is_half_open = False

    def strike(self, connection: int, request: list[bytes]) -> Fault | None:
        """Note a command; return the fault that strikes it."""
        name = self._scripts.name_of(request)
        self.seen.append(Seen(connection, name))
        struck = [fault for fault in list(self._faults) if fault.strikes(name)]
        for fault in struck:
            self._faults.remove(fault)
        return struck[0] if struck else None

    def _call[T](self, work: asyncio.Future[T] | object) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        self._connected += 1
        strike, fault = partial(self.strike, self._connected), None
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                theirs = await self._connect()
                fault = await Link(strike, self._let_go, (reader, writer), theirs).run()
        finally:
            writer.transport.abort()
            self._links.discard(task)
        if fault is not None:
            await asyncio.sleep(0)  # the socket closes with the loop's next turn
            fault.over.set()

    async def _connect(self) -> Streams:
        if self._upstream.scheme == "unix":
            return await asyncio.open_unix_connection(unquote(self._upstream.path))
        return await asyncio.open_connection(self._upstream.hostname, self._upstream.port or 6379)

    def _let_go(self, server: Streams) -> None:
        if self._is_half_open:
            self._left_open.append(server)
        else:
            server[1].transport.abort()

    async def _close(self) -> None:
        self._server.close()
        for _, writer in self._left_open:
            writer.transport.abort()
        await self._cut()

    async def _cut(self) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)
