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
    HTTPDisconnectEvent,
    HTTPRequestEvent,
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
from media_app.views import bodies
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


def with_body_guard(app: ASGI3Application) -> ASGI3Application:
    """Return `app` behind the guard."""

    async def guarded(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await app(scope, receive, send)
            return
        # Django joins this context: the guard's look at the database shares the request's thread
        # and connection.
        async with ThreadSensitiveContext():
            try:
                if refusal := await _guard(app, scope, receive, send):
                    await _answer(refusal, send)
            finally:
                # Django has no end for a request that it never began, or whose sender left.
                await sync_to_async(close_old_connections)()

    return guarded


async def _guard(
    app: ASGI3Application, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> HttpResponse | None:
    """Let the request pass, or return the answer that refuses it."""
    limit_bytes = _limit_bytes(scope)
    if refusal := await _refusal(scope, limit_bytes):
        return refusal
    if scope["path"] == UPLOAD_PATH:
        return await _pass_with_body_taken(app, scope, receive, send, limit_bytes)
    body = _CountedBody(receive, limit_bytes)
    await app(scope, body.receive, send)
    return _too_large() if body.is_too_large else None


async def _pass_with_body_taken(
    app: ASGI3Application,
    scope: HTTPScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    limit_bytes: int,
) -> HttpResponse | None:
    try:
        body = await bodies.take(receive, limit_bytes=limit_bytes)
    except bodies.BodyTooLarge:
        return _too_large()
    except bodies.SenderGone:
        return None
    scope[bodies.SCOPE_KEY] = body  # type: ignore[literal-required] # ASGI lets us add keys
    try:
        await app(scope, _after_an_empty_body(receive), send)
    finally:
        body.close()
    return None


def _after_an_empty_body(receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    is_first = True

    async def received() -> ASGIReceiveEvent:
        nonlocal is_first
        if not is_first:
            return await receive()
        is_first = False
        return HTTPRequestEvent(type="http.request", body=b"", more_body=False)

    return received


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


class _CountedBody:
    """A body that ends, as if the sender had gone, when it grows over the limit.

    To Django that is a request without an answer, whose temporary file it closes.
    """

    def __init__(self, receive: ASGIReceiveCallable, limit_bytes: int) -> None:
        self._receive = receive
        self._left_bytes = limit_bytes

    @property
    def is_too_large(self) -> bool:
        return self._left_bytes < 0

    async def receive(self) -> ASGIReceiveEvent:
        event = await self._receive()
        if event["type"] == "http.request":
            self._left_bytes -= len(event.get("body", b""))
        return HTTPDisconnectEvent(type="http.disconnect") if self.is_too_large else event


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
