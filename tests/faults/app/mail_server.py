"""A real SMTP server with moods: it drops, refuses, hangs, or has a worker killed in the middle."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from typing import Literal, NamedTuple

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.acceptance.mail_box import Mailbox

type Mood = Literal["drop", "421", "450", "550", "hang", "kill-before", "kill-after"]
MOODS: tuple[Mood, ...] = ("drop", "421", "450", "550", "hang", "kill-before", "kill-after")
#: Moods of the moment when the mail is there; the others answer to its address already.
_AT_DATA = ("drop", "hang", "kill-before", "kill-after")
#: Seconds. Longer than a worker waits for an answer.
HANG_S = 15.0


class Received(NamedTuple):
    """A mail that has left, for all that its reader can know."""

    address: str
    message_id: str
    subject: str
    at: float


class MoodyMailbox(Mailbox):
    """Keeps every mail's head; in a mood it strikes the next mails, and notes which."""

    def __init__(self) -> None:
        super().__init__()
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self.received: list[Received] = []
        #: Mood and address of each mail that was struck.
        self.struck: list[tuple[Mood, str]] = []
        #: Called where a worker is to be killed.
        self.kill: Callable[[], None] = lambda: None
        self._mood: Mood | None = None
        self._left = 0

    @contextmanager
    def mood(self, mood: Mood, times: int) -> Iterator[Callable[[], bool]]:
        """Strike the next `times` mails; gives a function that says whether that is done."""
        self._mood, self._left = mood, times
        yield lambda: self._left <= 0
        self._mood = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept an address, or not: aiosmtpd's hook."""
        if self._mood in ("421", "450", "550") and (mood := self._strike(address)):
            return f"{mood} A fault"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail, or not: aiosmtpd's hook."""
        mood = self._strike(envelope.rcpt_tos[0]) if self._mood in _AT_DATA else None
        if mood == "hang":
            await asyncio.sleep(HANG_S)
            server.transport.abort()
            return "451 Hung"
        if mood == "kill-before":
            await asyncio.to_thread(self.kill)
            return "451 Its sender is gone"
        self._keep(envelope)
        if mood == "kill-after":
            await asyncio.to_thread(self.kill)
        if mood == "drop":
            server.transport.abort()
        return "250 Kept"

    def _keep(self, envelope: Envelope) -> None:
        head = BytesHeaderParser().parsebytes(envelope.original_content or b"")
        message_id, subject = str(head["Message-ID"]), str(head["Subject"])
        for address in envelope.rcpt_tos:
            self.received.append(Received(address, message_id, subject, time.time()))

    def _strike(self, address: str) -> Mood | None:
        if self._left <= 0 or self._mood is None:
            return None
        self._left -= 1
        self.struck.append((self._mood, address))
        return self._mood
