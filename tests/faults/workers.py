"""A worker process that is started again whenever it ends, and a server that can be frozen."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.valkey_server import ValkeyServer
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent.parent


class BreakableServer(ValkeyServer):
    """A server that can be frozen."""

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


class Worker:
    """A worker in a process group of its own, started again at once whenever it ends."""

    def __init__(self, environment: dict[str, str], log_path: Path) -> None:
        self._environment, self._log_path = environment, log_path
        self._is_stopping = False
        self._starting = threading.Lock()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    @property
    def group_id(self) -> int:
        """The process group; a new one after each start."""
        return self._process.pid

    def kill(self) -> None:
        """Kill the worker and all it started, as the machine's out-of-memory killer would.

        Returns when the next one is being started.
        """
        with self._starting:
            killed = self.group_id
            _kill_group(killed)
        eventually(lambda: self.group_id != killed, what="the next worker is started")

    def wait_until_ready(self) -> None:
        eventually(lambda: "ready for action" in self.log(), within=60, what="a worker is ready")

    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    def ask_to_stop(self) -> None:
        with self._starting:
            self._is_stopping = True
            self._process.terminate()

    def stop(self) -> None:
        """Wait until it has stopped, as it was asked to."""
        try:
            self._process.wait(15)
        finally:
            _kill_group(self.group_id)
            self._keeper.join(5)

    def _keep(self) -> None:
        while not self._is_stopping:
            self._process.wait()
            _kill_group(self.group_id)
            with self._starting:
                if not self._is_stopping:
                    self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "rundramatiq", "--processes", "1"]
        with self._log_path.open("ab") as log:
            return subprocess.Popen(
                [*command, "--threads", "4", "--queues", "default"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _kill_group(group_id: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group_id, signal.SIGKILL)
