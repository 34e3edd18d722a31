"""Round trips: send, and await the result."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from typing import Any

from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.lateness import Lateness, percentile


async def roundtrip_idle(queue: Queue) -> dict[str, Any]:
    """One caller, with pauses; and what the workers use while nothing happens."""
    sizes = queue.run.sizes
    await _start(queue)
    idle_percent = await _idle_percent(queue)
    soon = await _trips_with_pauses(queue, sizes.idle_trips, 0.05, 0.15)
    rare = await _trips_with_pauses(queue, sizes.rare_trips, 1.5, 3.0)
    return {
        "p50_ms": percentile(soon, 0.5),
        "rare_p50_ms": percentile(rare, 0.5),
        "idle_cpu_percent": idle_percent,
        "samples": {"trip_ms": soon, "rare_trip_ms": rare},
    }


async def roundtrip_concurrent(queue: Queue) -> dict[str, Any]:
    """Many callers at once, each one trip after another."""
    sizes = queue.run.sizes
    await _start(queue)
    errors: Counter[str] = Counter()
    sockets: list[int] = []

    async def call() -> None:
        for _ in range(sizes.trips // sizes.callers):
            try:
                await queue.trip("echo", 1)
            except Exception as error:
                errors[type(error).__name__] += 1
        if len(sockets) == 0:
            sockets.append(queue.run.sockets())

    async with Lateness() as late:
        started = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(sizes.callers)))
        taken = time.perf_counter() - started
    return {
        "per_s": (sizes.trips - errors.total()) / taken,
        "late_p99_ms": late.p99_ms,
        "late_max_ms": late.max_ms,
        "sockets": max(*sockets, queue.run.sockets()),
        "errors": dict(errors),
    }


async def _start(queue: Queue) -> None:
    """Start the workers, and let both be past their first task."""
    queue.run.workers.start(queue.worker_commands())
    await asyncio.to_thread(queue.run.workers.wait_until_ready)
    await asyncio.gather(*(queue.trip("echo", number) for number in range(50)))


async def _trips_with_pauses(
    queue: Queue, count: int, shortest_s: float, longest_s: float
) -> list[float]:
    """Return the milliseconds of each."""
    taken = []
    for number in range(count):
        await asyncio.sleep(random.uniform(shortest_s, longest_s))
        started = time.perf_counter()
        answer = await queue.trip("echo", number)
        taken.append((time.perf_counter() - started) * 1000)
        assert answer == number
    return taken


async def _idle_percent(queue: Queue) -> float:
    """Return what all worker processes use of one core, once they have settled."""
    await asyncio.sleep(1)
    before, seconds = queue.run.workers.cpu_s(), queue.run.sizes.idle_s
    await asyncio.sleep(seconds)
    return (sum(queue.run.workers.cpu_s().values()) - sum(before.values())) / seconds * 100
