"""Sends the mail of a notice, once: claimed in the database before the SMTP dialogue begins."""

from __future__ import annotations

import logging
import smtplib
import uuid
from typing import NoReturn

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives, make_msgid
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from media_app.exceptions import MailRefused, TransientFailure
from media_app.models import Notice, User

logger = logging.getLogger(__name__)


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
        MailRefused: The server refused the mail for good.
        TransientFailure: The server could not take it now; the notice is queued again.
    """
    if not _claim(notice_id):
        return False
    notice = Notice.objects.select_related("user").get(pk=notice_id)
    try:
        compose(notice).send()
    except smtplib.SMTPResponseException as error:
        _settle_refusal(notice, error.smtp_code, error)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        _settle_refusal(notice, max(codes, default=451), error)
    except (smtplib.SMTPException, OSError) as error:
        _settle_refusal(notice, 421, error)
    _settle(notice, Notice.State.SENT)
    return True


def mark_failed(notice_id: int, reason: str) -> None:
    """End a notice whose last try failed, for a reason that staff reads."""
    queued = Notice.objects.filter(pk=notice_id, state=Notice.State.QUEUED)
    queued.update(state=Notice.State.FAILED, reason=reason)


def begin_anew(notice_id: int) -> None:
    """Let the mail of a notice that failed leave after all."""
    failed = Notice.objects.filter(pk=notice_id, state=Notice.State.FAILED)
    failed.update(state=Notice.State.QUEUED, reason="")


def compose(notice: Notice) -> EmailMultiAlternatives:
    """Return the mail of a notice, as text and HTML."""
    context = {
        "user": notice.user,
        "site_url": settings.BASE_URL,
        "link": _link(notice),
    }
    name = f"mail/{notice.kind}"
    subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
    mail = EmailMultiAlternatives(
        subject,
        render_to_string(f"{name}.txt", context),
        to=[notice.user.email],
        headers={"Message-ID": notice.message_id, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
    return mail


def _link(notice: Notice) -> str:
    if notice.kind != Notice.Kind.PASSWORD_RESET:
        return f"{settings.BASE_URL}{reverse('gallery')}"
    uid = urlsafe_base64_encode(force_bytes(notice.user.pk))
    token = default_token_generator.make_token(notice.user)
    return f"{settings.BASE_URL}{reverse('password_reset_confirm', args=[uid, token])}"


def _claim(notice_id: int) -> bool:
    queued = Notice.objects.filter(pk=notice_id, state=Notice.State.QUEUED, user__is_active=True)
    claimed = queued.update(state=Notice.State.SENDING)
    left = Notice.objects.filter(pk=notice_id, state=Notice.State.SENDING)
    if not claimed and left.exists():
        return _settle_claim_of_the_dead(left.get())
    return bool(claimed)


def _settle_claim_of_the_dead(notice: Notice) -> bool:
    """Return whether to send again what a worker that died may have sent.

    A password reset twice is harmless and none is not; a welcome twice is worse than none.
    """
    if notice.kind == Notice.Kind.PASSWORD_RESET:
        return True
    reason = "The worker ended while it sent this mail; nobody knows whether it left."
    _settle(notice, Notice.State.UNKNOWN, reason)
    logger.warning("Notice %s to user %s: %s", notice.pk, notice.user_id, reason)
    return False


def _settle_refusal(notice: Notice, smtp_code: int, error: Exception) -> NoReturn:
    if 500 <= smtp_code < 600:
        _settle(notice, Notice.State.FAILED, str(error))
        raise MailRefused(notice_id=notice.pk, answer=str(error)) from error
    _settle(notice, Notice.State.QUEUED, str(error))
    raise TransientFailure(f"Notice {notice.pk}: the mail server can't take it now ({error}).")


def _settle(notice: Notice, state: Notice.State, reason: str = "") -> None:
    notice.state, notice.reason = state, reason
    notice.attempts += 1
    notice.sent_at = timezone.now() if state == Notice.State.SENT else None
    notice.save(update_fields=["state", "reason", "attempts", "sent_at"])
