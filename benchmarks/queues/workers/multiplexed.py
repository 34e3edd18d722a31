"""The worker of the multiplexed floor: `python -m benchmarks.queues.workers.multiplexed`."""

from __future__ import annotations

import json
import os

import uvloop

from benchmarks.queues import READY, REDIS_VARIABLE, work
from benchmarks.queues.multiplexing import Connection, connect

QUEUE = "floor"
#: Tasks, or results, that are taken at once.
BATCH = 100


async def work_for_ever(url: str) -> None:
    taking, answering = await connect(url), await connect(url)
    print(READY, flush=True)
    while True:
        for data in await take(taking, QUEUE):
            replies, task_id, task, *words = json.loads(data)
            answering.call("LPUSH", replies, json.dumps([task_id, work.TASKS[task](*words)]))


async def take(connection: Connection, key: str) -> list[bytes]:
    _, found = await connection.call("BLMPOP", 0, 1, key, "RIGHT", "COUNT", BATCH)
    return found


if __name__ == "__main__":
    uvloop.run(work_for_ever(os.environ[REDIS_VARIABLE]))
