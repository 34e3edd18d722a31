"""Stock Dramatiq on its Redis broker, with results; by default and tuned."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from benchmarks.queues import REDIS_VARIABLE
from benchmarks.queues.adapters.queue import OUTAGES, PATIENCE_S, SENDING, WORKING, Queue
from benchmarks.queues.database import TEMPLATE_VARIABLE
from benchmarks.queues.run import Run
from benchmarks.queues.worker_processes import Command


class Stock(Queue):
    """`send` on the event loop, which it blocks; results are waited for in asyncio's threads."""

    name = "dramatiq"
    label = "Dramatiq, default (2 x 8 threads)"
    scenarios = (*SENDING, *WORKING, "waiters", *OUTAGES)
    blocks = True
    threads: ClassVar[int] = 8
    #: The workers' environment.
    settings: Mapping[str, str] = {}
    module: ClassVar[str] = "benchmarks.queues.workers.stock_tasks"

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        os.environ[REDIS_VARIABLE] = run.server.url
        from benchmarks.queues.workers import stock_tasks

        self._actors = stock_tasks.ACTORS

    def worker_commands(self) -> Sequence[Command]:
        words = ("--processes", "2", "--threads", str(self.threads))
        argv = (sys.executable, "-m", "dramatiq", *words, self.module)
        return [Command(argv, self.settings, processes=2)]

    async def send(self, task: str, *words: Any) -> Any:
        return self._actors[task].send(*words)

    async def result(self, sent: Any, timeout_s: float = PATIENCE_S) -> Any:
        timeout_ms = int(timeout_s * 1000)
        return await asyncio.to_thread(sent.get_result, block=True, timeout=timeout_ms)

    async def trip(self, task: str, *words: Any) -> Any:
        return await asyncio.to_thread(self._trip, task, *words)

    def expect_waiters(self, count: int) -> None:
        # A thread for each waiter: there is no other way to wait.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(count))

    def _trip(self, task: str, *words: Any) -> Any:
        sent = self._actors[task].send(*words)
        return sent.get_result(block=True, timeout=int(PATIENCE_S * 1000))


class StockInThreads(Stock):
    """`send` in asyncio's threads, so that the loop stays free."""

    name = "dramatiq_threads"
    label = "Dramatiq, `send` in threads"
    scenarios = ("enqueue_concurrent", *OUTAGES)
    blocks = False

    async def send(self, task: str, *words: Any) -> Any:
        return await asyncio.to_thread(self._actors[task].send, *words)


class StockTuned(Stock):
    name = "dramatiq_tuned"
    label = "Dramatiq, tuned (2 x 2 threads, prefetch 200)"
    scenarios = WORKING
    threads = 2
    settings = {"dramatiq_queue_prefetch": "200"}


class StockInApp(Stock):
    """The default, with this project's Django app loaded beside it: what memory compares with."""

    name = "dramatiq_in_app"
    label = "Dramatiq, default, this project's app loaded"
    scenarios = ("drain",)
    needs_database = True
    module = "benchmarks.queues.workers.stock_tasks_in_app"

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        data_dir = run.folder / "data"
        shutil.copytree(os.environ[TEMPLATE_VARIABLE], data_dir)
        self.settings = {"DATA_DIR": str(data_dir), "DEVELOPMENT": "1"}
