"""What a scenario asks of a queue."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from benchmarks.queues.run import Run
from benchmarks.queues.worker_processes import Command

SENDING = ("enqueue_concurrent", "enqueue_seq")
WORKING = ("drain", "roundtrip_idle", "roundtrip_concurrent")
OUTAGES = ("redis_down", "redis_frozen")
#: Longer than any scenario that goes well takes to answer.
PATIENCE_S = 60.0


class Queue:
    """One queue, in the process that sends. Tasks go by their name in `work.TASKS`."""

    name: ClassVar[str]
    label: ClassVar[str]
    scenarios: ClassVar[Sequence[str]] = (*SENDING, *WORKING, "waiters", *OUTAGES)
    #: Whether the server keeps an append-only file.
    persists: ClassVar[bool] = False
    #: Whether `send` holds the loop; as in requests, others then run between two sends.
    blocks: ClassVar[bool] = False
    needs_database: ClassVar[bool] = False

    def __init__(self, run: Run) -> None:
        self.run = run

    async def open(self) -> None:
        """Connect, where that is a step of its own."""

    def worker_commands(self) -> Sequence[Command]:
        """Return how two worker processes are started."""
        raise NotImplementedError

    async def send(self, task: str, *words: Any) -> Any:
        """Send a task; return what `result` wants."""
        raise NotImplementedError

    async def result(self, sent: Any, timeout_s: float = PATIENCE_S) -> Any:
        """Wait for the result of what was sent."""
        raise NotImplementedError

    async def trip(self, task: str, *words: Any) -> Any:
        """Send a task and wait for its result."""
        return await self.result(await self.send(task, *words))

    async def send_in_turn(self, count: int) -> list[float]:
        """Send one after another; return the seconds that each took."""
        taken = []
        for _ in range(count):
            started = time.perf_counter()
            await self.send("count")
            taken.append(time.perf_counter() - started)
        return taken

    def expect_waiters(self, count: int) -> None:
        """Make room for that many waiters, where a library needs to be told."""
