"""The site under faults: the real supervisor with all it starts, on servers that can be broken."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.acceptance.harness import Run, living_members
from tests.faults.app.databases import Database
from tests.faults.app.inside import Inside
from tests.faults.app.mail_server import MoodyMailbox
from tests.faults.app.servers import Redis
from tests.waiting import eventually

WORKERS = ("worker-1", "worker-2")


class Site(Run):
    """One run, its servers, and two processes inside: one that signs up, one that looks."""

    def __init__(
        self, data_dir: Path, redis: Redis, database: Database, mailbox: MoodyMailbox, **more: str
    ) -> None:
        self.redis, self.database, self.mailbox = redis, database, mailbox
        super().__init__(
            data_dir,
            REDIS_URL=redis.url,
            DATABASE_URL=database.url,
            MAIL_URL=mailbox.url,
            DJANGO_SETTINGS_MODULE="tests.faults.app.settings",
            **more,
        )
        self.mailbox.kill = self.kill_workers
        environment = self.env | {"DEVELOPMENT": "1", "BASE_URL": self.url}
        self.signer, self.auditor = Inside(environment), Inside(environment)
        #: Has so many more people come at once, where a load runs.
        self.provoke: Callable[[int], None] = lambda _: None
        #: How many processes were killed, by name.
        self.killed: dict[str, int] = {}

    def stop(self) -> None:
        self.signer.stop()
        self.auditor.stop()
        super().stop()

    def kill_one(self, name: str) -> bool:
        """Kill a process of the run with all it started; return whether there was one."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            self.kill(name)
            self.note_killed(name)
            return True
        return False

    def kill_workers(self) -> None:
        for name in WORKERS:
            self.kill_one(name)

    def kill_signer(self) -> None:
        if pid := self.signer.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
                self.note_killed("signer")

    def kill_supervisor(self) -> None:
        """Kill it, and start another on the same data, as a service manager does."""
        self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.note_killed("supervisor")
        self.start()

    @contextmanager
    def frozen_workers(self) -> Iterator[None]:
        """Let workers do nothing, too short for one to be taken for dead."""
        self._signal_workers(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_workers(signal.SIGCONT)

    def note_killed(self, name: str) -> None:
        self.killed[name] = self.killed.get(name, 0) + 1

    def wait_until_serving(self, *, workers: int = 2, within: float = 60.0) -> None:
        """Wait until the site answers, and so many workers live."""
        eventually(
            lambda: self._serves(workers), within=within, what=f"it serves, with {workers} workers"
        )

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """Let workers write no file beyond its first bytes; a write breaks off in the middle.

        The kernel refuses, with "File too large": a full disk without a disk to fill.
        """
        groups = (pid for name, pid in self.pids().items() if name in WORKERS)
        pids = [pid for group_id in groups for pid in living_members(group_id)]
        _limit_files_of(pids, 100)
        try:
            yield
        finally:
            _limit_files_of(pids, resource.RLIM_INFINITY)

    def _signal_workers(self, number: signal.Signals) -> None:
        for name in WORKERS:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                self.kill(name, number)

    def _serves(self, workers: int) -> bool:
        try:
            answers = httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False
        pids = self.pids()
        living = [name for name in WORKERS if name in pids and living_members(pids[name])]
        return answers and len(living) >= workers


def _limit_files_of(pids: list[int], most_bytes: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


def pause(seconds: float) -> None:
    """Let a fault last. There is nothing to wait for but time."""
    time.sleep(seconds)
