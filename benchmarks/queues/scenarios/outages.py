"""Sending while Redis is down, or frozen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.lateness import Lateness

#: Seconds that a send may take before it is given up.
LONGEST_S = 20.0


async def redis_down(queue: Queue) -> dict[str, Any]:
    """The server is killed, and later started anew, empty."""
    server = queue.run.server
    return await _outage(queue, server.kill, server.start)


async def redis_frozen(queue: Queue) -> dict[str, Any]:
    """The server stops answering, and later goes on."""
    server = queue.run.server
    return await _outage(queue, server.freeze, server.thaw)


async def _outage(
    queue: Queue, begin: Callable[[], None], end: Callable[[], None]
) -> dict[str, Any]:
    await asyncio.gather(*(queue.send("count") for _ in range(20)))
    begin()
    async with Lateness() as late:
        first_s, error = await _try(queue)
        second_s, _ = await _try(queue)
    end()
    after_s, after_error = await _try(queue)
    return {
        "first_s": first_s,
        "second_s": second_s,
        "late_max_ms": late.max_ms,
        "error": error,
        "works_after": after_error is None,
        "after_s": after_s,
    }


async def _try(queue: Queue) -> tuple[float, str | None]:
    """Return how long a send took, and its error."""
    started, error = time.perf_counter(), None
    try:
        async with asyncio.timeout(LONGEST_S):
            await queue.send("count")
    except Exception as raised:
        error = type(raised).__name__
    taken = time.perf_counter() - started
    # Where the loop was held, others run now.
    await asyncio.sleep(0.02)
    return taken, error
