"""Sending alone: no worker runs."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.lateness import Lateness, percentile


async def enqueue_concurrent(queue: Queue) -> dict[str, Any]:
    """Many coroutines send at once, each one message after another."""
    sizes = queue.run.sizes
    await send_many(queue, sizes.senders, sizes.senders)
    async with Lateness() as late:
        started, used = time.perf_counter(), time.process_time()
        await send_many(queue, sizes.sends, sizes.senders)
        taken, used = time.perf_counter() - started, time.process_time() - used
        sockets = queue.run.sockets()
    return {
        "per_s": sizes.sends / taken,
        "cpu_us": used / sizes.sends * 1e6,
        "late_p99_ms": late.p99_ms,
        "late_max_ms": late.max_ms,
        "sockets": sockets,
    }


async def enqueue_seq(queue: Queue) -> dict[str, Any]:
    """One sends, one message after another."""
    await queue.send_in_turn(200)
    taken = await queue.send_in_turn(queue.run.sizes.sends_in_turn)
    return {
        "p50_ms": percentile(taken, 0.5) * 1000,
        "p99_ms": percentile(taken, 0.99) * 1000,
        "per_s": len(taken) / sum(taken),
    }


async def send_many(
    queue: Queue, count: int, senders: int, task: str = "count", keep: int | None = 0
) -> list[Any]:
    """Send with that many coroutines; return the last `keep` of what was sent (None: all)."""
    sent: deque[Any] = deque(maxlen=keep)

    async def send() -> None:
        for _ in range(count // senders):
            sent.append(await queue.send(task))
            if queue.blocks:
                await asyncio.sleep(0)

    await asyncio.gather(*(send() for _ in range(senders)))
    return list(sent)
