"""Refuses a request by its head, before its body is read.

Django takes in a whole body before any of its code runs. So this stands in front of it: no login, a
`Content-Length` over the limit, and a body that grows over the limit end here.
"""

from __future__ import annotations

import io
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpResponse

from media_app.exceptions import FileTooLarge
from media_app.views.callers import SCOPE_KEY, bearer_token, find_caller
from media_app.views.problems import rejected, unauthorized

UPLOAD_PATH = "/api/images"
FORM_PATH = "/upload"
#: Bytes. What multipart may add around a file.
MULTIPART_SLACK_BYTES = 64 * 1024
#: Bytes. Any other request's body: a form, some JSON.
SMALL_BODY_MAX_BYTES = 1_000_000
#: Files of full size that the page's plain form may send at once.
FORM_FILES = 20


class _TooLarge(Exception):
    pass


def with_body_guard(app: ASGI3Application) -> ASGI3Application:
    """Return `app` behind the guard."""

    async def guarded(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await app(scope, receive, send)
            return
        # Django joins this context: the guard's look at the database shares the request's thread
        # and connection.
        async with ThreadSensitiveContext():
            if refusal := await _guard(app, scope, receive, send):
                await _answer(refusal, send)

    return guarded


async def _guard(
    app: ASGI3Application, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> HttpResponse | None:
    """Let the request pass, or return the answer that refuses it."""
    limit_bytes = _limit_bytes(scope)
    if refusal := await _refusal(scope, limit_bytes):
        await sync_to_async(close_old_connections)()
        return refusal
    try:
        await app(scope, _counted(receive, limit_bytes), send)
    except _TooLarge:
        return _too_large()
    return None


def _limit_bytes(scope: HTTPScope) -> int:
    if scope["path"] == UPLOAD_PATH:
        return int(settings.UPLOAD_MAX_BYTES) + MULTIPART_SLACK_BYTES
    if scope["path"] == FORM_PATH:
        return int(settings.UPLOAD_MAX_BYTES) * FORM_FILES
    return SMALL_BODY_MAX_BYTES


async def _refusal(scope: HTTPScope, limit_bytes: int) -> HttpResponse | None:
    request = ASGIRequest(scope, io.BytesIO())
    if scope["path"] in (UPLOAD_PATH, FORM_PATH):
        SessionMiddleware(_nothing).process_request(request)
        AuthenticationMiddleware(_nothing).process_request(request)
        caller = await find_caller(request)
        if caller is None and scope["path"] == UPLOAD_PATH:
            return unauthorized(bad_token=bearer_token(request) is not None)
        scope[SCOPE_KEY] = caller  # type: ignore[literal-required] # ASGI lets us add keys
    length = request.META.get("CONTENT_LENGTH", "")
    return _too_large() if length.isdecimal() and int(length) > limit_bytes else None


def _counted(receive: ASGIReceiveCallable, limit_bytes: int) -> ASGIReceiveCallable:
    received_bytes = 0

    async def counted() -> ASGIReceiveEvent:
        nonlocal received_bytes
        event = await receive()
        if event["type"] == "http.request":
            received_bytes += len(event.get("body", b""))
            if received_bytes > limit_bytes:
                raise _TooLarge
        return event

    return counted


def _too_large() -> HttpResponse:
    return rejected(FileTooLarge(limit_bytes=settings.UPLOAD_MAX_BYTES))


def _nothing(request: Any) -> HttpResponse:
    return HttpResponse()


async def _answer(response: HttpResponse, send: ASGISendCallable) -> None:
    headers = [(k.lower().encode(), v.encode()) for k, v in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": headers,
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": response.content, "more_body": False})
