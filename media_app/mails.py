"""The mails themselves: to whom one is not sent, and what it says, as text and HTML."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from media_app.models import Asset, Notice, User

#: Failed pictures that a mail names; the others are counted.
NAMED = 20
_UNSUBSCRIBING = signing.Signer(salt="media_app.unsubscribing")


def why_not(notice: Notice) -> str:
    """Return why the mail is not wanted any more, or "" where it is."""
    if not notice.user.is_active:
        return "The account is closed."
    if notice.kind != Notice.Kind.IMAGES_READY:
        return ""
    if not notice.user.wants_ready_mails:
        return "The person does not want mails about pictures that are ready."
    pictures = of_batch(notice.user_id, notice.batch)
    if not pictures.exists():
        return "The pictures were deleted meanwhile."
    if not pictures.filter(seen_at=None).exists():
        return "The person's page has shown all of the pictures."
    return ""


def compose(notice: Notice) -> EmailMultiAlternatives:
    """Return the mail of a notice. Reads the database where it tells of pictures."""
    context = {"user": notice.user, "site_url": settings.BASE_URL, "link": _link(notice)}
    headers = {"Message-ID": notice.message_id, "Auto-Submitted": "auto-generated"}
    if notice.kind == Notice.Kind.IMAGES_READY:
        context |= _facts(notice) | {"stop_link": stop_link(notice.user)}
        headers["List-Unsubscribe"] = f"<{context['stop_link']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    name = f"mail/{notice.kind}"
    subject = " ".join(render_to_string(f"{name}_subject.txt", context).split())
    text = render_to_string(f"{name}.txt", context)
    mail = EmailMultiAlternatives(subject, text, to=[notice.user.email], headers=headers)
    mail.attach_alternative(render_to_string(f"{name}.html", context), "text/html")
    return mail


def of_batch(owner_id: int, key: UUID) -> QuerySet[Asset]:
    """Return the assets that one mail tells of."""
    return Asset.objects.filter(owner_id=owner_id, batch=key)


def stop_link(user: User) -> str:
    """Return the signed address where a person stops the mails about pictures, logged in or not."""
    return f"{settings.BASE_URL}{reverse('stop_mails', args=[_UNSUBSCRIBING.sign(str(user.pk))])}"


def stopped_by(token: str) -> User | None:
    """Return whom a signed address is for; None where it was not made here or they are gone."""
    try:
        user_id = _UNSUBSCRIBING.unsign(token)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=user_id).first()


def _facts(notice: Notice) -> dict[str, Any]:
    pictures = of_batch(notice.user_id, notice.batch)
    failed = pictures.filter(state=Asset.State.FAILED).order_by("created_at", "id")
    failed_count = failed.count()
    return {
        "ready_count": pictures.filter(state=Asset.State.READY).count(),
        "failed_count": failed_count,
        "failed": list(failed[:NAMED]),
        "unnamed_count": max(failed_count - NAMED, 0),
    }


def _link(notice: Notice) -> str:
    if notice.kind != Notice.Kind.PASSWORD_RESET:
        return f"{settings.BASE_URL}{reverse('gallery')}"
    uid = urlsafe_base64_encode(force_bytes(notice.user.pk))
    token = default_token_generator.make_token(notice.user)
    return f"{settings.BASE_URL}{reverse('password_reset_confirm', args=[uid, token])}"
