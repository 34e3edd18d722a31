"""Sends dead letters again, under their own ids and as if never tried; durable."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError
from django.utils import timezone
from dramatiq import Message
from dramatiq.errors import DecodeError

from actors import outbox
from actors.dead_letters.audit import Entry
from actors.dead_letters.pages import batches
from actors.dead_letters.selection import Selection
from actors.errors import ActorsError
from actors.models import DeadLetter
from actors.signals import requeued

#: Letters sent again in one transaction.
MOST_AT_ONCE = 200
#: What earlier attempts left in a message; with it, a requeued one would fail at its first error.
#: And what made it expire: who requeues it wants it to run.
_OF_EARLIER_ATTEMPTS = frozenset(
    {"retries", "traceback", "requeue_timestamp", "eta", "redis_message_id", "expires_at"}
)


class CannotRequeue(ActorsError):
    """A dead letter is no message that can be sent again."""

    def __init__(self, *, letter_id: str) -> None:
        self.letter_id = letter_id
        super().__init__(
            f"{letter_id}: expected a message, its bytes are none, so it can't be sent again. See "
            "what it was meant to be, send that anew, and discard this one."
        )


@dataclass
class Account:
    """What became of dead letters. `waiting`: of those `sent`, how many wait for Redis.

    `reasons`: the id of each that `failed`, and why; of a sum, the first ones only.
    """

    sent: int = 0
    waiting: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many were looked at."""
        return self.sent + self.skipped + self.failed

    def add(self, other: Account) -> None:
        """Count another account's letters, too."""
        self.sent += other.sent
        self.waiting += other.waiting
        self.skipped += other.skipped
        self.failed += other.failed
        self.reasons += other.reasons[: max(MOST_AT_ONCE - len(self.reasons), 0)]


def requeue(
    letter: DeadLetter, *, by: str = "", message: Message[Any] | None = None
) -> outbox.StoredMessages | None:
    """Send a dead letter again, or what was made of it (see `edited`).

    Returns what was stored and perhaps sent already, or None where somebody else was first.

    Raises:
        CannotRequeue: It is no message.
    """
    entry = Entry(by, "edit and requeue" if message else "requeue", f"id {letter.pk}")
    with entry.acting():
        claimed = _claim([letter.pk])
        if not claimed:
            return None
        stored = _send([(claimed[0], message or message_of(claimed[0]))], entry)
    entry.tell()
    return stored


def requeue_all(selection: Selection, *, by: str, limit: int | None = None) -> Iterator[Account]:
    """Send again what a selection means, the oldest first; give an account after each batch.

    A letter that can't be sent stays, and does not stop the others. Whoever stops asking stops it;
    what was not sent is still there.

    Raises:
        OperationalError: The database went away; what the accounts tell of is done.
    """
    entry = Entry(by, "requeue", selection.words())
    try:
        for ids in batches(selection, size=MOST_AT_ONCE, limit=limit):
            yield _requeue_some(ids, entry)
    finally:
        entry.tell()


def message_of(letter: DeadLetter) -> Message[Any]:
    """Return the message as if never tried.

    Raises:
        CannotRequeue: It is none.
    """
    if letter.cause == DeadLetter.Cause.UNDECODABLE:
        raise CannotRequeue(letter_id=letter.pk)
    try:
        message: Message[Any] = Message.decode(bytes(letter.payload))
    except DecodeError as error:
        raise CannotRequeue(letter_id=letter.pk) from error
    kept = {k: v for k, v in message.options.items() if k not in _OF_EARLIER_ATTEMPTS}
    fresh = dataclasses.replace(
        message, queue_name=message.queue_name.removesuffix(".DQ"), options=kept
    )
    if letter.cause == DeadLetter.Cause.EXPIRED:
        # For Dramatiq's AgeLimit, too, it is new.
        fresh = dataclasses.replace(fresh, message_timestamp=int(time.time() * 1000))
    return fresh


def _requeue_some(ids: Sequence[str], entry: Entry) -> Account:
    """Send some in one transaction; where one of them spoils it, each in its own."""
    try:
        return _requeue_together(ids, entry)
    except OperationalError:
        raise
    except Exception as error:
        # A loop over letters of any origin, with listeners of any kind: the others go on.
        if len(ids) == 1:
            return Account(failed=1, reasons=[(ids[0], f"{type(error).__name__}: {error}")])
    account = Account()
    for each in ids:
        account.add(_requeue_some([each], entry))
    return account


def _requeue_together(ids: Sequence[str], entry: Entry) -> Account:
    account = Account()
    with entry.acting():
        claimed = _claim(ids)
        good = []
        for letter in claimed:
            try:
                good.append((letter, message_of(letter)))
            except CannotRequeue as error:
                account.reasons.append((letter.pk, str(error)))
        stored = _send(good, entry) if good else None
    account.sent, account.skipped = len(good), len(ids) - len(claimed)
    account.failed = len(account.reasons)
    account.waiting = 0 if stored is None or stored.is_sent else len(good)
    return account


def _claim(ids: Sequence[str]) -> list[DeadLetter]:
    dead = DeadLetter.objects.filter(pk__in=ids, state=DeadLetter.State.DEAD)
    whole = dead.defer("traceback", "tries").order_by("failed_at", "id")
    return list(whole.select_for_update(skip_locked=True))


def _send(
    letters: Sequence[tuple[DeadLetter, Message[Any]]], entry: Entry
) -> outbox.StoredMessages | None:
    ids = [letter.pk for letter, _ in letters]
    claimed = DeadLetter.objects.filter(pk__in=ids)
    claimed.update(state=DeadLetter.State.REQUEUED, requeued_at=timezone.now())
    for _, message in letters:
        requeued.send(None, message=message)
    entry.add(ids)
    return outbox.store_many([(message, None) for _, message in letters], is_again=True)
