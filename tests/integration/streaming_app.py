"""An ASGI application whose only answer never ends by itself; for `test_lifespan`."""

from __future__ import annotations

from project import closing
from project.lifespan import with_lifespan


async def stream(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"open\n", "more_body": True})
    await closing.wait()
    await send({"type": "http.response.body", "body": b"closed\n"})


application = with_lifespan(stream)
