"""The mail viewer: what the site has sent in development, newest first."""

from __future__ import annotations

import re

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from media_app.views.rendering import page
from project.dev import mail_store
from project.dev.mail_store import MailMissing, StoredMail

#: Mails on the page.
LISTED = 100
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
#: Opens every link in a tab of its own: inside the frame most pages refuse to be shown.
_OPEN_OUTSIDE = '<base target="_blank">'


@never_cache
@require_safe
async def mails(request: HttpRequest) -> HttpResponse:
    """List the newest mails."""
    stored = await sync_to_async(mail_store.newest)(settings.DEV_MAIL_DIR, LISTED)
    return await page(request, "dev_mail/list.html", {"mails": [_headers(mail) for mail in stored]})


@never_cache
@require_safe
async def mail(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Show one mail: its headers, its text, and its HTML in a frame."""
    stored = await _read(mail_id)
    context = _headers(stored) | {"text": stored.body("plain"), "html": stored.body("html")}
    return await page(request, "dev_mail/detail.html", {"mail": context})


@never_cache
@require_safe
@xframe_options_sameorigin
@csp_override(
    {
        "default-src": [CSP.NONE],
        "img-src": ["data:", "https:", "http:"],
        "style-src": [CSP.UNSAFE_INLINE],
        "frame-ancestors": [CSP.SELF],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
async def html_part(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Answer with the HTML part as it was sent; it runs no script and belongs to no origin."""
    html = (await _read(mail_id)).body("html")
    if html is None:
        raise Http404(f"Mail {mail_id} has no HTML part.")
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return HttpResponse(html[:at] + _OPEN_OUTSIDE + html[at:])


@never_cache
@require_safe
async def source(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Answer with the mail as it went over the wire."""
    stored = await _read(mail_id)
    return HttpResponse(stored.source, content_type="text/plain; charset=utf-8")


async def _read(mail_id: str) -> StoredMail:
    try:
        return await sync_to_async(mail_store.read)(settings.DEV_MAIL_DIR, mail_id)
    except MailMissing as error:
        raise Http404(str(error)) from error


def _headers(stored: StoredMail) -> dict[str, object]:
    message = stored.message
    return {
        "id": stored.mail_id,
        "received_at": stored.received_at,
        "subject": message["subject"] or "(no subject)",
        "from": message["from"],
        "to": message["to"],
    }
