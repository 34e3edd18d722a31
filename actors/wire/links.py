"""Which connection belongs to which event loop."""

from __future__ import annotations

import asyncio
import os
import threading

from actors import conf
from actors.wire.link import Link

_links: dict[asyncio.AbstractEventLoop, Link] = {}
_lock = threading.Lock()
_of_thread = threading.local()


def link() -> Link:
    """Return the running loop's connection; nothing is connected before first use."""
    loop = asyncio.get_running_loop()
    known: Link | None = getattr(_of_thread, "link", None)
    if known is not None and known.loop is loop and known.url == conf.redis_url():
        return known
    found = _links.get(loop)
    if found is None or found.url != conf.redis_url():
        found = Link(loop, conf.redis_url())
        with _lock:
            # A link knows its loop, so neither would ever go by itself.
            for over in [each for each in _links if each.is_closed()]:
                del _links[over]
            _links[loop] = found
    _of_thread.link = found
    return found


def _forget_links() -> None:
    global _lock
    # A connection belongs to the process that opened it.
    _lock = threading.Lock()
    _links.clear()
    _of_thread.__dict__.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_links)
