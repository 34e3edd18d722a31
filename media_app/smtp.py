"""Django's SMTP backend, made to know how far a mail got: not sent, refused, taken, or in doubt.

Only the moment between the end of the data and the server's answer is in doubt; whatever fails
before it has surely not been sent. Knows no notices.
"""

from __future__ import annotations

import email.policy
import ipaddress
import re
import smtplib
import threading
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from media_app.exceptions import MailDeferred, MailInDoubt, MailRejected

#: What the connection may raise: a dropped one, a hanging one, nonsense.
_BROKEN = (smtplib.SMTPException, OSError)
_LINE_END = re.compile(rb"\r\n|\r|\n")
_SERVICE_CLOSES = 421


class Backend(EmailBackend):
    """Sends over one connection, mail after mail, and says how each ended.

    `OPTIONS` are those of Django's backend, and `local_hostname`: the name said in EHLO, without
    which the name of this machine is looked up.
    """

    def __init__(self, *, local_hostname: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.local_hostname = _greeting(local_hostname)
        #: Whether all of a mail has left, and no answer has come.
        self.is_in_doubt = False
        #: Whether the connection has served a mail: then its server may end it without a fault.
        self._is_used = False
        #: One mail at a time; several threads may share Django's backends.
        self._turn = threading.RLock()

    def open(self) -> bool:
        """Connect where there is no connection; return whether there was none.

        Raises:
            MailDeferred: The server can't be reached, or lets nobody in.
        """
        if self.connection is not None:
            return False
        try:
            self.connection = self._connect()
        except _BROKEN as error:
            raise MailDeferred(said=f"connecting to {self.host}:{self.port}: {error}") from error
        self._is_used = False
        return True

    def close(self) -> None:
        """Take leave of the server, where it is still there."""
        connection, self.connection = self.connection, None
        if connection is not None:
            _leave(connection)

    def abandon(self) -> None:
        """Drop the connection without a word: the dialogue on it was cut off."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each mail to all its recipients or none; return how many mails.

        A connection that was opened before stays open.

        Raises:
            MailRejected: The server refused one for good (5xx).
            MailDeferred: It did not take one now; that one has surely not been sent.
            MailInDoubt: One was sent in full, and the answer to it never came.
        """
        with self._turn:
            is_new = self.open()
            try:
                for mail in email_messages:
                    self._send_again_where_dropped(mail)
            finally:
                if is_new:
                    self.close()
        return len(email_messages)

    def _connect(self) -> smtplib.SMTP:
        options: dict[str, Any] = {"local_hostname": self.local_hostname, "timeout": self.timeout}
        if self.use_ssl:
            options["context"] = self.ssl_context
        smtp: smtplib.SMTP = self.connection_class(self.host, self.port, **options)
        try:
            if self.use_tls:
                smtp.starttls(context=self.ssl_context)
            smtp.ehlo_or_helo_if_needed()
            if self.username and self.password:
                smtp.login(self.username, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _send_again_where_dropped(self, mail: EmailMessage) -> None:
        """Send one mail. A server may end a connection between two mails: that fails none."""
        try:
            self._send_one(mail)
        except MailDeferred:
            if not self._is_used or self.connection is not None:
                raise
            self.open()
            self._send_one(mail)
        self._is_used = True

    def _send_one(self, mail: EmailMessage) -> None:
        self.is_in_doubt = False
        try:
            self._converse(mail)
        except (MailRejected, MailDeferred):
            self._begin_anew()
            raise
        except MailInDoubt:
            self.abandon()
            raise
        except _BROKEN as error:
            self.abandon()
            raise MailDeferred(said=f"{type(error).__name__}: {error}") from error

    def _converse(self, mail: EmailMessage) -> None:
        smtp = self.connection
        assert smtp is not None
        data = _wire_form(mail)
        options = [f"size={len(data)}"] if smtp.has_extn("size") else []
        self._expect(smtp.mail(self.prep_address(mail.from_email), options), 250)
        for address in mail.recipients():
            self._expect(smtp.rcpt(self.prep_address(address)), 250, 251)
        self._expect(smtp.docmd("DATA"), 354)
        self._expect(self._deliver(smtp, data), 250)

    def _deliver(self, smtp: smtplib.SMTP, data: bytes) -> tuple[int, bytes]:
        """Send the data with its end, and return the answer to it."""
        self.is_in_doubt = True
        try:
            smtp.send(data)
        except _BROKEN:
            # The end of the data is what leaves last: it has not.
            self.is_in_doubt = False
            raise
        try:
            answer = smtp.getreply()
        except _BROKEN as error:
            raise MailInDoubt(said=f"{type(error).__name__}: {error}") from error
        if not 200 <= answer[0] < 600:
            raise MailInDoubt(said=f"an answer that is none: {answer!r}")
        self.is_in_doubt = False
        return answer

    def _expect(self, answer: tuple[int, bytes], *codes: int) -> None:
        code, words = answer
        if code in codes:
            return
        said = f"{code} {words.decode(errors='replace')}"
        if code == _SERVICE_CLOSES:
            self.abandon()
        raise MailRejected(said=said) if 500 <= code < 600 else MailDeferred(said=said)

    def _begin_anew(self) -> None:
        """Make the connection ready for another mail after one that was not taken."""
        if self.connection is None:
            return
        try:
            self.connection.rset()
        except _BROKEN:
            self.abandon()


def _greeting(host: str | None) -> str | None:
    """Return a host as EHLO says it: an address stands in brackets (RFC 5321, 4.1.3)."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def _leave(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except _BROKEN:
        connection.close()


def _wire_form(mail: EmailMessage) -> bytes:
    """Return the mail as it goes over the wire: CRLF, dots doubled, and the end of the data."""
    data = _LINE_END.sub(b"\r\n", mail.message(policy=email.policy.SMTP).as_bytes())
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", data) + b".\r\n"
