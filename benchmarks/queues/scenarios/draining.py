"""Draining a queue that was filled before the workers started."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.queues import work
from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.scenarios.sending import send_many

#: Seconds between two looks at how many are done.
LOOK_S = 0.002
#: Seconds until all must be done.
WITHIN_S = 120.0
#: Results that are fetched at the end, to see that they are there.
CHECKED = 20


@dataclass(frozen=True)
class Mark:
    """So many were done at that time."""

    at: float
    done: int


async def drain(queue: Queue) -> dict[str, Any]:
    """Two worker processes start and run what waits; their start is not counted."""
    count, workers = queue.run.sizes.tasks, queue.run.workers
    sent = await send_many(queue, count, queue.run.sizes.senders, keep=CHECKED)
    workers.start(queue.worker_commands(), gated=True)
    await asyncio.to_thread(workers.let_go)
    marks = [mark async for mark in _watch(queue.run.folder, count, workers.check)]
    # What ends in batches ends a little later than it runs.
    await asyncio.sleep(0.3)
    used, first = workers.cpu_s(), work.first_tasks(queue.run.folder)
    measured = {
        "per_s": _speed(marks, [at for at, _ in first.values()], workers.count),
        "cpu_us": (sum(used[pid] - first[pid][1] for pid in first)) / count * 1e6,
        "rss_peak_mb": workers.rss_peak_mb(),
        "memory_mb": workers.memory_mb(),
        "processes": len(used),
        "ran": work.done_file(queue.run.folder).stat().st_size,
    }
    for each in sent:
        await queue.result(each, 10)
    return measured


def _speed(marks: list[Mark], first: list[float], processes: int) -> float:
    """Return tasks per second, from when all worker processes were running tasks."""
    start = marks[0]
    if len(first) == processes:
        together = [mark for mark in marks if mark.at >= max(first)]
        # Where one came so late that little was left, the whole tells more.
        if together and together[0].done < marks[-1].done / 2:
            start = together[0]
    return (marks[-1].done - start.done) / (marks[-1].at - start.at)


async def _watch(folder: Path, count: int, check: Any) -> Any:
    """Yield marks until `count` are done."""
    path, done, deadline = work.done_file(folder), 0, time.monotonic() + WITHIN_S
    while done < count:
        await asyncio.sleep(LOOK_S)
        now, size = time.monotonic(), path.stat().st_size if path.exists() else 0
        if size > done:
            done = size
            yield Mark(now, done)
        elif now > deadline:
            raise TimeoutError(f"{done} of {count} tasks were done in {WITHIN_S:g} s")
        check()
