"""A floor: no library but hiredis, all commands of one turn of the loop in one write.

Sends with LPUSH, takes and waits with BLMPOP; one list holds the results for one sending process.
Its worker loses what it holds when it is killed: a ceiling, and no competitor.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from itertools import count
from typing import Any

from benchmarks.queues import REDIS_VARIABLE
from benchmarks.queues.adapters.queue import PATIENCE_S, SENDING, WORKING, Queue
from benchmarks.queues.multiplexing import connect
from benchmarks.queues.worker_processes import Command
from benchmarks.queues.workers.multiplexed import QUEUE, take


class Multiplexed(Queue):
    name = "floor_mux"
    label = "floor: one multiplexed connection"
    scenarios = (*SENDING, *WORKING, "waiters")

    async def open(self) -> None:
        self._ids = count()
        self._replies = f"replies-{os.getpid()}"
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._early: dict[int, Any] = {}
        self._sending = await connect(self.run.server.url)
        self._receiver = asyncio.create_task(self._receive())

    def worker_commands(self) -> Sequence[Command]:
        argv = (sys.executable, "-m", "benchmarks.queues.workers.multiplexed")
        return [Command(argv, {REDIS_VARIABLE: self.run.server.url}) for _ in range(2)]

    async def send(self, task: str, *words: Any) -> int:
        task_id = next(self._ids)
        data = json.dumps([self._replies, task_id, task, *words])
        await self._sending.call("LPUSH", QUEUE, data)
        return task_id

    async def result(self, sent: int, timeout_s: float = PATIENCE_S) -> Any:
        if sent in self._early:
            return self._early.pop(sent)
        future = self._waiting[sent] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_s):
            return await future

    async def _receive(self) -> None:
        connection = await connect(self.run.server.url)
        while True:
            for data in await take(connection, self._replies):
                task_id, value = json.loads(data)
                if (future := self._waiting.pop(task_id, None)) is None:
                    self._early[task_id] = value
                elif not future.done():
                    future.set_result(value)
