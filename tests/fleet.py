"""A Valkey with workers of any number and kind, and the log of what ran on them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import redis
from django.conf import settings

from tests.valkey_server import ValkeyServer
from tests.waiting import eventually
from tests.workers import ROOT

#: Modules with actors, of four queues.
ACTORS = (
    "django_dramatiq.setup",
    "actors.arithmetic",
    "actors.emailing",
    "actors.resizing",
    "tests.tutorial.tasks",
)


class Step(NamedTuple):
    """What the worker of that process told; `at` is of the machine's monotonic clock, s."""

    what: str
    plate: int
    pid: int
    at: float


class FleetWorker:
    """A worker in a process group of its own, started as `rundramatiq` starts it in the end.

    `queues`: those it listens to, or all. `grace_s`: seconds until it gives up what it runs when it
    is asked to stop.
    """

    def __init__(
        self,
        log_path: Path,
        url: str,
        *,
        threads: int = 4,
        queues: Sequence[str] = (),
        grace_s: float = 600.0,
        settings_module: str = "tests.settings_beside",
    ) -> None:
        self._log_path, self._is_stopping = log_path, False
        options = {"--processes": 1, "--threads": threads}
        options["--worker-shutdown-timeout"] = int(grace_s * 1000)
        command = [sys.executable, "-m", "dramatiq", *ACTORS]
        command += [str(word) for option in options.items() for word in option]
        with log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *(["--queues", *queues] if queues else [])],
                cwd=ROOT,
                env={**environment(url), "DJANGO_SETTINGS_MODULE": settings_module},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        eventually(lambda: "ready for action" in self.log(), within=30, what="a worker is ready")

    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    def is_of(self, pid: int) -> bool:
        """Whether a process belongs to it."""
        with contextlib.suppress(ProcessLookupError):
            return os.getpgid(pid) == self.process.pid
        return False

    @property
    def is_staying(self) -> bool:
        """Whether it lives, and was not asked to stop."""
        return self.process.poll() is None and not self._is_stopping

    def ask_to_stop(self) -> None:
        self._is_stopping = True
        self.process.terminate()

    def wait_until_stopped(self, within: float) -> int:
        """Return the status that it ended with."""
        return self.process.wait(within)

    def kill(self) -> None:
        """Kill it and all it started, as the machine's out-of-memory killer would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


class Fleet:
    """The server, and the workers that a test started there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = ValkeyServer(folder)
        self.server.start()
        self.redis = redis.Redis.from_url(self.server.url, decode_responses=True)
        self.workers: list[FleetWorker] = []

    def start_workers(self, count: int, **options: Any) -> list[FleetWorker]:
        """Start some at once, and wait until all are ready."""
        started = []
        for _ in range(count):
            log_path = self._folder / f"worker-{uuid.uuid4().hex}.log"
            started.append(FleetWorker(log_path, self.server.url, **options))
        self.workers += started
        for worker in started:
            worker.wait_until_ready()
        return started

    def keep_workers(self, count: int, **options: Any) -> None:
        """Have so many workers, new ones in the place of those that have ended."""
        living = [worker for worker in self.workers if worker.is_staying]
        for worker in self.workers:
            if worker not in living:
                worker.kill()
        self.workers[:] = living
        self.start_workers(count - len(living), **options)

    def steps(self, log: str) -> list[Step]:
        """Return what was told in a log, in order."""
        told: Any = self.redis.lrange(f"log:{log}", 0, -1)
        return [Step(*json.loads(each)) for each in told]

    def wait_for(self, log: str, count: int, *, within: float, what: str = "ended") -> list[Step]:
        """Wait until so many have ended, or started; return those steps."""

        def found() -> list[Step]:
            return [step for step in self.steps(log) if step.what == what]

        eventually(lambda: len(found()) >= count, within=within, what=f"{count} have {what}")
        return found()

    def clear(self) -> None:
        """End all workers without ado, and empty the server."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()
        self.empty()

    def empty(self) -> None:
        """Empty the server, and what it would read when it is started again."""
        self.redis.flushall()
        with contextlib.suppress(redis.ResponseError):
            # One may be under way.
            self.redis.bgrewriteaof()

    def stop(self) -> None:
        self.server.start()
        self.clear()
        self.redis.close()
        self.server.stop()


def environment(url: str) -> dict[str, str]:
    """Return that of a process on this test run's data, and on another Redis."""
    return {
        **os.environ,
        "DARKROOM_TEST_DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "tests.settings_beside",
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": url,
    }
