"""A real SMTP server that keeps what it receives, for tests to look into."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Every mail that was received, by the address it went to. Safe to read in any thread."""

    def __init__(self) -> None:
        self._mails: list[tuple[list[str], EmailMessage]] = []
        self._arrival = threading.Condition()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.url = ""

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(10), "The SMTP server did not start."

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive(), "The SMTP server did not stop."

    def sent_to(self, address: str) -> list[EmailMessage]:
        """Return the mails to that address so far, the oldest first."""
        with self._arrival:
            return [mail for recipients, mail in self._mails if address in recipients]

    def wait_for(self, to: str, *, count: int = 1, deadline: float = 20.0) -> EmailMessage:
        """Return the `count`-th mail to that address as soon as it is there.

        Fails after `deadline` seconds.
        """
        with self._arrival:
            arrived = self._arrival.wait_for(lambda: len(self._to(to)) >= count, deadline)
            assert arrived, f"{len(self._to(to))} of {count} mails to {to} after {deadline} s."
            return self._to(to)[count - 1]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a message: aiosmtpd's hook."""
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        with self._arrival:
            self._mails.append((list(envelope.rcpt_tos), mail))
            self._arrival.notify_all()
        return "250 Kept"

    def _to(self, address: str) -> list[EmailMessage]:
        return [mail for recipients, mail in self._mails if address in recipients]

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        connections: set[SMTP] = set()

        def accept() -> SMTP:
            connection = SMTP(self, enable_SMTPUTF8=True, hostname="localhost", loop=self._loop)
            connections.add(connection)
            return connection

        server = await self._loop.create_server(accept, "127.0.0.1", 0)
        self.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        await self._stopping.wait()
        server.close()
        for connection in connections:
            if connection.transport is not None:
                connection.transport.close()
        await asyncio.sleep(0)
