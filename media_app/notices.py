"""Sends the mail of a notice, once: claimed in the database before the SMTP dialogue begins.

A try claims the row under a number of its own, and only that number says how it ended: who comes
later, or was held up, changes nothing.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Collection
from typing import NoReturn

from django.conf import settings
from django.core.mail import EmailMessage, make_msgid
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from media_app import mailing, mails
from media_app.exceptions import (
    MailDeferred,
    MailGivenUp,
    MailInDoubt,
    MailRefused,
    MailRejected,
    MailWaits,
)
from media_app.models import Notice, User

logger = logging.getLogger(__name__)

#: Seconds until the next try after the first, the second, ... met a failure that may pass.
PAUSES_S = (60.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 86_400.0)
#: Part of a pause that is added by chance, so that an outage's mails don't all come back at once.
JITTER = 0.2
#: Seconds between tries to write down that a mail left, and for how long; an actor has 60.
NOTE_PAUSE_S, NOTE_PATIENCE_S = 0.5, 25.0
#: Where a claim may still tell how its try ended.
_OPEN = (Notice.State.QUEUED, Notice.State.SENDING, Notice.State.UNKNOWN)
#: What staff may send again.
ENDED = (Notice.State.SENT, Notice.State.FAILED, Notice.State.UNKNOWN, Notice.State.SKIPPED)


def queue(kind: Notice.Kind, user: User, *, batch: uuid.UUID | None = None) -> Notice | None:
    """Return a new notice, its Message-ID fixed; None where this one was queued before."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >")
    try:
        with transaction.atomic():
            return Notice.objects.create(
                kind=kind,
                user=user,
                batch=batch or uuid.UUID(int=0),
                message_id=make_msgid(domain=domain),
            )
    except IntegrityError:
        return None


def send(notice_id: int) -> bool:
    """Send a queued notice's mail; return False where it is not, or no longer, to be sent.

    Raises:
        MailWaits: The server could not take it now, or another try is still at it.
        MailRefused: The server refused the mail for good.
        MailGivenUp: This was the last try.
    """
    notice = _to_be_sent(notice_id)
    if notice is None:
        return False
    mail = mails.compose(notice)
    try:
        return _send(notice, mail)
    except MailRejected as error:
        _settle(notice, Notice.State.FAILED, str(error), tries=1)
        raise MailRefused(notice_id=notice.pk, answer=error.said) from error
    except MailDeferred as error:
        _try_again(notice, error)
    except MailInDoubt as error:
        if notice.kind == Notice.Kind.PASSWORD_RESET:
            _try_again(notice, error)
        _leave_to_people(notice, str(error))
        return False


def mark_failed(notice_id: int, reason: str) -> None:
    """End a notice whose last try failed, for a reason that staff reads."""
    queued = Notice.objects.filter(pk=notice_id, state=Notice.State.QUEUED)
    queued.update(state=Notice.State.FAILED, reason=reason)


def begin_anew(notice_id: int, ended: Collection[str] = (Notice.State.FAILED,)) -> bool:
    """Queue a notice that has ended so once more, with all its tries; return whether it had."""
    found = Notice.objects.filter(pk=notice_id, state__in=ended)
    return bool(found.update(state=Notice.State.QUEUED, reason="", attempts=0, claim=None))


def _to_be_sent(notice_id: int) -> Notice | None:
    notice = Notice.objects.select_related("user").filter(pk=notice_id).first()
    if notice is None:
        return None
    if notice.state == Notice.State.SENDING:
        return _after_a_death(notice)
    if notice.state != Notice.State.QUEUED:
        return None
    if reason := mails.why_not(notice):
        _settle(notice, Notice.State.SKIPPED, reason)
        return None
    return notice


def _after_a_death(notice: Notice) -> Notice | None:
    """Return what may be sent again of what a worker that died may have sent.

    A password reset twice is harmless and none is not; any other twice is worse than none.
    """
    claimed_at = notice.claimed_at or notice.created_at
    left_s = settings.MAIL_LEASE_S - (timezone.now() - claimed_at).total_seconds()
    if left_s > 0:
        raise MailWaits(notice_id=notice.pk, retry_in_s=left_s, why="another try is at it.")
    if notice.kind == Notice.Kind.PASSWORD_RESET:
        return notice
    reason = (
        "The worker ended, or lost the database, while it sent this mail; nobody knows whether "
        "it left."
    )
    _leave_to_people(notice, reason)
    return None


def _send(notice: Notice, mail: EmailMessage) -> bool:
    with mailing.line() as mailer:
        _claim(notice)
        try:
            mailer.send_messages([mail])
        except (MailRejected, MailDeferred, MailInDoubt):
            raise
        except BaseException as error:
            _settle_interrupted(notice, mailing.is_in_doubt(mailer), error)
            raise
    _note_sent(notice)
    return True


def _note_sent(notice: Notice) -> None:
    """Write down that the mail left; with the database away, try on: nobody else knows it."""
    give_up = time.monotonic() + NOTE_PATIENCE_S
    while True:
        try:
            _settle(notice, Notice.State.SENT, tries=1)
            return
        except DatabaseError:
            if time.monotonic() > give_up:
                raise
            connection.close_if_unusable_or_obsolete()
            time.sleep(NOTE_PAUSE_S)


def _claim(notice: Notice) -> None:
    """Take the notice for this try, unless somebody was quicker or the person has gone.

    Whether they have is asked for beside the row, not joined to it: PostgreSQL looks at a row that
    it has waited for again, but not at a join, and two tries would both have it.
    """
    active = User.objects.filter(pk=OuterRef("user_id"), is_active=True)
    seen = Notice.objects.filter(
        Exists(active), pk=notice.pk, state=notice.state, claim=notice.claim
    )
    claim, now = uuid.uuid4(), timezone.now()
    if not seen.update(state=Notice.State.SENDING, claim=claim, claimed_at=now):
        raise MailWaits(notice_id=notice.pk, retry_in_s=1.0, why="it changed meanwhile.")
    notice.state, notice.claim, notice.claimed_at = Notice.State.SENDING, claim, now


def _try_again(notice: Notice, error: MailDeferred | MailInDoubt) -> NoReturn:
    if notice.attempts >= len(PAUSES_S):
        _settle(notice, Notice.State.FAILED, str(error), tries=1)
        raise MailGivenUp(notice_id=notice.pk, tries=notice.attempts + 1, why=str(error)) from error
    pause_s = PAUSES_S[notice.attempts] * random.uniform(1, 1 + JITTER)
    _settle(notice, Notice.State.QUEUED, str(error), tries=1)
    raise MailWaits(notice_id=notice.pk, retry_in_s=pause_s, why=str(error)) from error


def _settle_interrupted(notice: Notice, is_in_doubt: bool, error: BaseException) -> None:
    if is_in_doubt and notice.kind != Notice.Kind.PASSWORD_RESET:
        _leave_to_people(notice, f"The sending was cut off ({type(error).__name__}: {error}).")
    else:
        _settle(notice, Notice.State.QUEUED, f"{type(error).__name__}: {error}")


def _leave_to_people(notice: Notice, reason: str) -> None:
    _settle(notice, Notice.State.UNKNOWN, reason, tries=1)
    logger.warning("Notice %s to user %s: %s", notice.pk, notice.user_id, reason)


def _settle(notice: Notice, state: Notice.State, reason: str = "", *, tries: int = 0) -> None:
    """Write how a try ended, unless another has claimed the row since."""
    mine = Notice.objects.filter(pk=notice.pk, claim=notice.claim, state__in=_OPEN)
    if notice.state == Notice.State.QUEUED:  # no claim was made yet: the count tells tries apart
        mine = mine.filter(state=Notice.State.QUEUED, attempts=notice.attempts)
    mine.update(
        state=state,
        reason=reason,
        attempts=notice.attempts + tries,
        sent_at=timezone.now() if state == Notice.State.SENT else None,
    )
