"""Templates turned into answers, off the event loop."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse


async def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None
) -> HttpResponse:
    """Answer with a page whose header knows who is logged in.

    Rendering hops to a thread: two dozen pictures are milliseconds that would delay every other
    request of the process, and context processors may read the session.
    """
    known = {"user": await request.auser()} | (context or {})
    return await sync_to_async(render)(request, template, known)


def to_log_in() -> HttpResponse:
    """Return the way to the log-in page, and from there to the gallery."""
    return redirect(f"{reverse('log_in')}?{urlencode({'next': reverse('gallery')})}")
