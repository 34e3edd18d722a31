"""The bytes of one connection: what Redis says, passed on answer by answer."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from actors.wire import lines
from actors.wire.address import Address
from actors.wire.replies import ConnectionLost, reader
from actors.wire.scripts import pack

#: Answers passed on in one turn of the loop; each may wake a task.
MOST_IN_A_TURN = 32


class Owner(Protocol):
    """Whose connection it is."""

    loop: asyncio.AbstractEventLoop

    def answered(self, answer: Any) -> None:
        """Take the next answer, or what was published."""

    def hung_up(self, protocol: AnswerProtocol, error: BaseException) -> None:
        """Take note that the connection is gone."""


class AnswerProtocol(asyncio.Protocol):
    """Bytes to answers; the first ones are of the opening."""

    def __init__(self, owner: Owner, address: Address) -> None:
        self._owner, self._opening = owner, address.hello()
        self._reader = reader()
        self._answers: list[Any] = []
        self._goes_on = self._is_over = False
        self._transport: asyncio.BaseTransport | None = None
        self.hello: asyncio.Future[list[Any]] = owner.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        self._transport = transport
        opening = b"".join(pack(command) for command in self._opening)
        cast(asyncio.Transport, transport).write(opening)

    def data_received(self, data: bytes) -> None:
        """Pass answers on, some in each turn of the loop: others wait for it, too."""
        self._reader.feed(data)
        if not self._goes_on:
            self._pass_on()

    def _pass_on(self) -> None:
        """Pass on some, and come back for the rest; nothing after the connection was given up."""
        self._goes_on = False
        for _ in range(MOST_IN_A_TURN):
            answer = False if self._is_over else self._reader.gets()
            if answer is False:
                return
            if len(self._answers) < len(self._opening):
                self._answers.append(answer)
                if len(self._answers) == len(self._opening) and not self.hello.done():
                    self.hello.set_result(self._answers)
            else:
                self._owner.answered(answer)
        self._goes_on = True
        self._owner.loop.call_soon(self._pass_on)

    def give_up(self) -> None:
        """Close, and pass on nothing more: who waited for it was told otherwise."""
        self._is_over = True
        if self._transport is not None:
            cast(asyncio.Transport, self._transport).abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Say so."""
        error = error or ConnectionLost()
        while self._goes_on:
            self._pass_on()
        self._is_over = True
        if not self.hello.done():
            self.hello.set_exception(error)
            self.hello.exception()
        self._owner.hung_up(self, error)


async def dial(
    loop: asyncio.AbstractEventLoop, address: Address, owner: Owner
) -> tuple[asyncio.Transport, AnswerProtocol]:
    """Open a connection to Redis for `owner`."""

    def protocol() -> AnswerProtocol:
        return AnswerProtocol(owner, address)

    if address.path is not None:
        return await loop.create_unix_connection(protocol, address.path)
    host = address.host if address.tls is not None else None
    dialled = await loop.create_connection(
        protocol, address.host, address.port, ssl=address.tls, server_hostname=host
    )
    if address.tls is None:
        lines.keep_alive(dialled[0].get_extra_info("socket"))
    return dialled
