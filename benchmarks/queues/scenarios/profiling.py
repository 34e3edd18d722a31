"""Where our worker, and our sending process, spend their CPU."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.profiler import Profiler
from benchmarks.queues.scenarios.draining import drain
from benchmarks.queues.scenarios.sending import send_many
from benchmarks.queues.work import first_tasks


async def profile_drain(queue: Queue) -> dict[str, Any]:
    """The worker processes, each from its first task on."""
    folder = queue.run.folder
    await drain(queue)
    return {"seconds": _collect(folder, len(first_tasks(folder)))}


async def profile_enqueue(queue: Queue) -> dict[str, Any]:
    """The sending process, many coroutines at once."""
    sizes, profiler = queue.run.sizes, Profiler()
    await send_many(queue, sizes.senders, sizes.senders)
    profiler.start()
    await send_many(queue, sizes.sends, sizes.senders)
    return {"seconds": profiler.stop()}


def _collect(folder: Path, processes: int) -> dict[str, dict[str, float]]:
    """End the profiles of the workers and return their sum."""
    (folder / "stop").touch()
    deadline = time.monotonic() + 10
    while len(found := list(folder.glob("profile-*.json"))) < processes:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {processes} processes left a profile")
        time.sleep(0.05)
    total: dict[str, Counter[str]] = {}
    for path in found:
        for kind, seconds in json.loads(path.read_text()).items():
            total.setdefault(kind, Counter()).update(seconds)
    return {kind: dict(seconds) for kind, seconds in total.items()}
