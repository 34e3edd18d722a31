"""One connection for any number of commands in flight: answers are matched to futures in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._out: list[bytes] = []
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None

    def call(self, *words: str | int) -> asyncio.Future[Any]:
        """Send a command with the others of this turn; return the future of its answer."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(hiredis.pack_command(words))
        future: asyncio.Future[Any] = self._loop.create_future()
        self._asked.append(future)
        return future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not False:
            future = self._asked.popleft()
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _flush(self) -> None:
        assert self._transport is not None
        self._transport.write(b"".join(self._out))
        self._out.clear()


async def connect(url: str) -> Connection:
    """Connect to the unix socket that `url` names."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_unix_connection(Connection, unquote(urlsplit(url).path))
    return connection
