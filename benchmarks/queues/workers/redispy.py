"""The worker of the floor without a library: `python -m benchmarks.queues.workers.redispy`."""

from __future__ import annotations

import json
import os

import redis.asyncio
import uvloop

from benchmarks.queues import READY, REDIS_VARIABLE, work

QUEUE = "floor"


async def work_for_ever(url: str) -> None:
    client = client_of(url)
    await client.ping()
    print(READY, flush=True)
    while True:
        _, data = await client.brpop([QUEUE])
        task_id, task, *words = json.loads(data)
        await client.lpush(task_id, json.dumps(work.TASKS[task](*words)))


def client_of(url: str) -> redis.asyncio.Redis:
    # Without redis-py's own limits, which thousands of waiters at once would meet.
    return redis.asyncio.Redis.from_url(
        url, max_connections=15_000, socket_timeout=None, socket_connect_timeout=None
    )


if __name__ == "__main__":
    uvloop.run(work_for_ever(os.environ[REDIS_VARIABLE]))
