"""Many waiting at once, in one process."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.lateness import percentile
from benchmarks.queues.own_process import memory_mb
from benchmarks.queues.scenarios.sending import send_many

#: Seconds. By then all that wait are connected and subscribed.
SETTLED_S = 2.0


async def waiters(queue: Queue) -> dict[str, Any]:
    """All wait before the first worker starts; each task returns when it ran."""
    count, errors = queue.run.sizes.waiters, Counter[str]()
    queue.expect_waiters(count)
    await queue.send("count")
    memory, woken_after_ms = memory_mb(), list[float]()

    async def wait(sent: Any) -> None:
        try:
            ran_at = await queue.result(sent)
        except Exception as error:
            errors[type(error).__name__] += 1
        else:
            woken_after_ms.append((time.monotonic() - ran_at) * 1000)

    sent = await send_many(queue, count, queue.run.sizes.senders, "clock", keep=None)
    tasks = [asyncio.create_task(wait(each)) for each in sent]
    await asyncio.sleep(SETTLED_S)
    measured = {"sockets": queue.run.sockets(), "memory_mb": memory_mb() - memory}
    queue.run.workers.start(queue.worker_commands())
    await asyncio.gather(*tasks)
    return measured | {
        "waiting": count,
        "woken": len(woken_after_ms),
        "woken_p50_ms": percentile(woken_after_ms, 0.5),
        "woken_max_ms": max(woken_after_ms, default=0.0),
        "errors": dict(errors),
    }
