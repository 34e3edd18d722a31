"""This project's actors through their public facade, set up as `make run` sets them up."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.queues.adapters.queue import PATIENCE_S, Queue
from benchmarks.queues.database import TEMPLATE_VARIABLE
from benchmarks.queues.run import Run
from benchmarks.queues.worker_processes import Command
from project.dev.plan import Plan


class Ours(Queue):
    """`adelay` and `aget`; workers as `project.dev.plan` starts them."""

    name = "ours"
    label = "Darkroom"
    needs_database = True

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        data_dir = run.folder / "data"
        shutil.copytree(os.environ[TEMPLATE_VARIABLE], data_dir)
        os.environ["DATA_DIR"] = str(data_dir)
        os.environ["REDIS_URL"] = run.server.url
        self._plan = Plan(port=8000, data_dir=data_dir, mail_port=None, is_redis_embedded=False)
        os.environ.update(self._plan.environment)
        self._actors = _load_actors()

    def worker_commands(self) -> Sequence[Command]:
        programs = self._plan.programs
        return [Command(each.argv) for each in programs if each.name.startswith("worker")]

    async def send(self, task: str, *words: Any) -> Any:
        return await self._actors[task].adelay(*words)

    async def result(self, sent: Any, timeout_s: float = PATIENCE_S) -> Any:
        return await sent.aget(timeout=timeout_s)


class OursPersistent(Ours):
    name = "ours_aof"
    label = "Darkroom, append-only file on"
    persists = True


class OursByDelay(Ours):
    """`delay`, for code without a loop."""

    name = "ours_delay"
    label = "Darkroom, `delay`"
    scenarios = ("enqueue_seq",)

    async def send_in_turn(self, count: int) -> list[float]:
        return await asyncio.to_thread(self._delay_in_turn, count)

    def _delay_in_turn(self, count: int) -> list[float]:
        taken, delay = [], self._actors["count"].delay
        for _ in range(count):
            started = time.perf_counter()
            delay()
            taken.append(time.perf_counter() - started)
        return taken


def _load_actors() -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.queues.settings"
    import django

    django.setup()
    from benchmarks.queues.app import tasks

    return tasks.ACTORS
