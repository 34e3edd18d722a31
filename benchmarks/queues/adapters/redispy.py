"""A floor: no library but redis-py's asyncio client, a connection for each command in flight.

Sends with LPUSH, takes with BRPOP, answers with LPUSH to a list for each task, waits with BLPOP.
Its worker loses what it holds when it is killed.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Sequence
from typing import Any

from benchmarks.queues import REDIS_VARIABLE
from benchmarks.queues.adapters.queue import PATIENCE_S, SENDING, WORKING, Queue
from benchmarks.queues.worker_processes import Command
from benchmarks.queues.workers.redispy import QUEUE, client_of


class RedisPy(Queue):
    name = "floor_redispy"
    label = "floor: redis-py, no library"
    scenarios = (*SENDING, *WORKING, "waiters")

    async def open(self) -> None:
        self._client = client_of(self.run.server.url)

    def worker_commands(self) -> Sequence[Command]:
        argv = (sys.executable, "-m", "benchmarks.queues.workers.redispy")
        return [Command(argv, {REDIS_VARIABLE: self.run.server.url}) for _ in range(2)]

    async def send(self, task: str, *words: Any) -> str:
        task_id = uuid.uuid4().hex
        await self._client.lpush(QUEUE, json.dumps([task_id, task, *words]))
        return task_id

    async def result(self, sent: str, timeout_s: float = PATIENCE_S) -> Any:
        found = await self._client.blpop([sent], timeout=timeout_s)
        if found is None:
            raise TimeoutError
        return json.loads(found[1])
