"""Stands in front of Django, which takes in a whole body before any of its code runs.

Uploads by the API go past Django; any other body is cut off where it grows over its limit.
"""

from __future__ import annotations

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPDisconnectEvent,
    HTTPScope,
    Scope,
)
from django.conf import settings

from media_app.views import uploads
from media_app.views.answers import answer

#: The page's plain form, which may send several files at once.
FORM_PATH = "/upload"
FORM_FILES = 20
#: Bytes. Any other request's body: a form, some JSON.
SMALL_BODY_MAX_BYTES = 1_000_000


def with_body_guard(app: ASGI3Application) -> ASGI3Application:
    """Return `app` behind the guard."""

    async def guarded(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await app(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] == uploads.PATH:
            await uploads.take_upload(scope, receive, send)
        else:
            await _pass_counted(app, scope, receive, send)

    return guarded


async def _pass_counted(
    app: ASGI3Application, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    limit_bytes = _limit_bytes(scope)
    if _announced_bytes(scope) > limit_bytes:
        await answer(uploads.too_large(), send)
        return
    body = _CountedBody(receive, limit_bytes)
    await app(scope, body.receive, send)
    if body.is_too_large:
        await answer(uploads.too_large(), send)


def _limit_bytes(scope: HTTPScope) -> int:
    if scope["path"] == FORM_PATH:
        return int(settings.UPLOAD_MAX_BYTES) * FORM_FILES
    return SMALL_BODY_MAX_BYTES


def _announced_bytes(scope: HTTPScope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value) for value in lengths if value.isdigit()), default=0)


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
