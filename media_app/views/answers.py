"""Sends a Django response from in front of Django."""

from __future__ import annotations

from asgiref.typing import ASGISendCallable, HTTPResponseBodyEvent, HTTPResponseStartEvent
from django.http import HttpResponse

#: What Django's middleware adds to its own.
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


async def answer(response: HttpResponse, send: ASGISendCallable) -> None:
    """Send a response that is whole."""
    headers = {**_HEADERS, **dict(response.items()), "Content-Length": str(len(response.content))}
    await send(
        HTTPResponseStartEvent(
            type="http.response.start",
            status=response.status_code,
            headers=[(name.lower().encode(), value.encode()) for name, value in headers.items()],
            trailers=False,
        )
    )
    await send(
        HTTPResponseBodyEvent(type="http.response.body", body=response.content, more_body=False)
    )
