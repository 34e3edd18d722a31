"""Answers the lifespan protocol, which Django does not, and tells streams that the server stops.

A server waits for open responses before it says "shutdown", and an event stream never ends by
itself: so the signal is heard here first. Knows nothing of who streams what.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings

from actors.parent_watch import watch_parent
from project import closing

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def with_lifespan(app: ASGI3Application) -> ASGI3Application:
    """Return `app` with an answer to the lifespan protocol; all else goes to `app` untouched."""

    async def application(
        scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await app(scope, receive, send)

    return application


async def _live(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    await receive()
    closing.reopen()
    if settings.SUPERVISED:
        watch_parent()
    with _heard_first(closing.begin):
        await send({"type": "lifespan.startup.complete"})
        await receive()
    closing.begin()
    await send({"type": "lifespan.shutdown.complete"})


@contextmanager
def _heard_first(hear: Callable[[], None]) -> Iterator[None]:
    """Call `hear` on each stop signal, before the handler that the server has set.

    Signals belong to the main thread: a server on another one is told at shutdown only.
    """
    replaced: dict[signal.Signals, Any] = {}
    try:
        for number in STOP_SIGNALS:
            if callable(handler := signal.getsignal(number)):
                signal.signal(number, _chained(hear, handler))
                replaced[number] = handler
    except ValueError:
        replaced.clear()
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def _chained(
    hear: Callable[[], None], handler: Callable[[int, FrameType | None], Any]
) -> Callable[[int, FrameType | None], Any]:
    def handle(number: int, frame: FrameType | None) -> Any:
        hear()
        return handler(number, frame)

    return handle
