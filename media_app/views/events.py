"""Live updates of the caller's images by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from actors import BrokerUnavailable, topics
from media_app.views.callers import CalledRequest, api
from media_app.views.problems import problem
from project import closing

#: Seconds between two comments on a silent stream, so that proxies keep it open.
KEEP_ALIVE_S = 15.0
#: Milliseconds that a browser waits before it connects again.
RETRY_MS = 2_000


@api("GET")
async def events(request: CalledRequest) -> HttpResponseBase:
    """Stream the changes of the caller's images until the page or the server closes."""
    # A stream lasts for hours and asks the database for nothing more.
    await sync_to_async(connections.close_all)()
    watched = topics.watch(f"user:{request.caller.pk}")
    try:
        await anext(watched)
    except BrokerUnavailable:
        detail = "Live updates are away for the moment; ask for the images' state instead."
        return problem(503, "no_live_updates", detail)
    return StreamingHttpResponse(
        _stream(watched),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    watched: AsyncIterator[tuple[str, dict[str, Any]] | None],
) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    closed = asyncio.ensure_future(closing.wait())
    told = asyncio.ensure_future(_next(watched))
    try:
        while True:
            waiting = {closed, told}
            await asyncio.wait(waiting, timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            if closed.done():
                return
            if not told.done():
                yield b": still here\n\n"
                continue
            yield _frame(told.result())
            told = asyncio.ensure_future(_next(watched))
    finally:
        closed.cancel()
        told.cancel()
        await asyncio.gather(closed, told, return_exceptions=True)
        async with aclosing(watched):  # type: ignore[type-var]
            pass


async def _next(watched: AsyncIterator[Any]) -> Any:
    return await anext(watched)


def _frame(told: tuple[str, dict[str, Any]] | None) -> bytes:
    if told is None:
        return b"event: look\ndata: {}\n\n"
    event, data = told
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
