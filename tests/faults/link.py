"""One connection through the proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.faults import resp
from tests.faults.fault import Fault

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

#: Bytes read at once.
_CHUNK = 1 << 16


class Link:
    """One connection of a client, and ours to the server for it.

    A command that is to fail waits until those before it are answered: it fails alone. `strike`
    says which one; `let_go` closes the connection to the server.
    """

    def __init__(
        self,
        strike: Callable[[list[bytes]], Fault | None],
        let_go: Callable[[Streams], None],
        client: Streams,
        server: Streams,
    ) -> None:
        self._strike, self._let_go = strike, let_go
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._unanswered = 0
        self._answered = asyncio.Event()
        self._struck: Fault | None = None

    async def run(self) -> Fault | None:
        """Pass frames on until one side closes or a fault cuts; return that fault."""
        pumps = [asyncio.create_task(pump) for pump in (self._requests(), self._answers())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._let_go((self._from_server, self._to_server))
            await asyncio.gather(*pumps, return_exceptions=True)
        return self._struck

    async def _requests(self) -> None:
        unread = bytearray()
        while chunk := await self._from_client.read(_CHUNK):
            unread += chunk
            for frame in resp.frames(unread):
                request = resp.words(frame)
                fault = self._strike(request) if request else None
                if fault is None:
                    self._pass_on(frame, request)
                elif not await self._fail(frame, request, fault):
                    return
            await self._to_server.drain()

    def _pass_on(self, frame: bytes, request: list[bytes]) -> None:
        self._unanswered += max(1, len(request) - 1) if _subscribes(request) else 1
        self._to_server.write(frame)

    async def _fail(self, frame: bytes, request: list[bytes], fault: Fault) -> bool:
        """Let this command fail; return whether the connection goes on."""
        await self._wait_until_answered()
        if fault.way == "error":
            self._to_client.write(b"-%s\r\n" % fault.error.encode())
            fault.over.set()
            return True
        self._struck = fault
        if fault.way == "before":
            return False
        self._pass_on(frame, request)
        if fault.way == "after":
            await self._wait_until_answered()
            return False
        return True

    async def _wait_until_answered(self) -> None:
        while self._unanswered > 0:
            self._answered.clear()
            await self._answered.wait()

    async def _answers(self) -> None:
        unread = bytearray()
        while chunk := await self._from_server.read(_CHUNK):
            unread += chunk
            for frame in resp.frames(unread):
                await self._answer(frame)
            await self._to_client.drain()

    async def _answer(self, frame: bytes) -> None:
        if resp.is_told(frame):
            self._to_client.write(frame)
            return
        if self._struck is not None and self._struck.way == "freeze":
            await asyncio.sleep(self._struck.freeze_s)
            self._struck.over.set()
            self._struck = None
        if self._struck is None:
            self._to_client.write(frame)
        self._unanswered -= 1
        self._answered.set()


def _subscribes(request: list[bytes]) -> bool:
    return request[0].upper().endswith(b"SUBSCRIBE")
