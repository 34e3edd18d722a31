"""One run: one queue in one scenario, with a server and a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.queues.own_process import open_sockets
from benchmarks.queues.server import Server
from benchmarks.queues.sizes import Sizes
from benchmarks.queues.worker_processes import WorkerProcesses


@dataclass
class Run:
    """What adapters and scenarios share."""

    folder: Path
    sizes: Sizes
    server: Server
    #: Whether the workers sample where their time goes.
    profiled: bool = False
    workers: WorkerProcesses = field(init=False)
    _sockets_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.workers = WorkerProcesses(self.folder, profiled=self.profiled)
        self._sockets_before = open_sockets()

    def sockets(self) -> int:
        """Return how many sockets this process has opened since the run was made."""
        return open_sockets() - self._sockets_before
