"""Keeps the mails that were sent in development, one file each; the newest are kept.

The SMTP server writes here, the mail viewer reads. All of it blocks on files.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

#: Mails. Older ones are removed as new ones arrive.
KEPT = 500
_MAIL_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


class MailMissing(Exception):
    """No mail is kept under that id."""

    def __init__(self, *, mail_id: str) -> None:
        self.mail_id = mail_id
        super().__init__(f"No mail {mail_id!r} is kept; the newest {KEPT} are.")


@dataclass(frozen=True)
class StoredMail:
    """One mail, as it was sent."""

    mail_id: str
    source: bytes

    @property
    def received_at(self) -> datetime:
        """When it arrived."""
        return datetime.fromtimestamp(int(self.mail_id.partition("-")[0]) / 1e9, tz=UTC)

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return message_from_bytes(self.source, policy=policy.default)

    def body(self, kind: str) -> str | None:
        """Return the `plain` or the `html` text, or None where the mail has no such part."""
        part = self.message.get_body((kind,))
        if part is None:
            return None
        try:
            return str(part.get_content())
        except (LookupError, UnicodeError):  # a charset that nobody knows
            return bytes(part.get_payload(decode=True)).decode(errors="replace")


def store(folder: Path, source: bytes) -> str:
    """Keep a mail; return its id. Ids sort by time. The file appears complete or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mail_id = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    draft = folder / f".{mail_id}"
    draft.write_bytes(source)
    draft.replace(folder / f"{mail_id}.eml")
    for old in _ids(folder)[KEPT:]:
        (folder / f"{old}.eml").unlink(missing_ok=True)
    return mail_id


def newest(folder: Path, limit: int) -> list[StoredMail]:
    """Return up to `limit` mails, the newest first."""
    return [read(folder, mail_id) for mail_id in _ids(folder)[:limit]]


def read(folder: Path, mail_id: str) -> StoredMail:
    """Return one mail.

    Raises:
        MailMissing: Where none has that id, or where it is no id at all.
    """
    if not _MAIL_ID.fullmatch(mail_id):
        raise MailMissing(mail_id=mail_id)
    try:
        return StoredMail(mail_id, (folder / f"{mail_id}.eml").read_bytes())
    except FileNotFoundError as error:
        raise MailMissing(mail_id=mail_id) from error


def _ids(folder: Path) -> list[str]:
    stems = (path.stem for path in folder.glob("*.eml"))
    return sorted((stem for stem in stems if _MAIL_ID.fullmatch(stem)), reverse=True)
