"""Says that this process is about to stop, so that endless responses end first.

Any thread and any signal handler may begin it; coroutines of any event loop may wait for it.
Knows nothing of who begins it or who waits.
"""

from __future__ import annotations

import asyncio
import contextlib

_Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]

# No lock: a signal handler may interrupt the thread that holds it. Each line below that touches
# these two is one atomic step.
_begun = False
_waiters: set[_Waiter] = set()


def is_set() -> bool:
    """Return whether the process is about to stop."""
    return _begun


def begin() -> None:
    """Wake everyone who waits, now and from now on. Safe in threads and in signal handlers."""
    global _begun
    _begun = True
    for loop, woken in _waiters.copy():
        with contextlib.suppress(RuntimeError):  # that loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_wake, woken)


def reopen() -> None:
    """Forget an earlier `begin`: a server starts anew in this process, as tests do."""
    global _begun
    _begun = False


async def wait() -> None:
    """Return as soon as the process is about to stop; at once where it already is."""
    loop = asyncio.get_running_loop()
    waiter = (loop, loop.create_future())
    _waiters.add(waiter)
    try:
        if not _begun:  # looked at after the waiter is known: a `begin` in between wakes it
            await waiter[1]
    finally:
        _waiters.discard(waiter)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
