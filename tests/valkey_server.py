"""A real Valkey server for tests, with a start and an end of its own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from project.dev import embedded
from project.paths import embedded_socket, embedded_url


class ValkeyServer:
    """The server that `make run` embeds, without a supervisor; keeps its data over restarts."""

    def __init__(self, data_dir: Path) -> None:
        self.url = embedded_url(data_dir)
        self._data_dir = data_dir
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._process is not None:
            return
        command = embedded.valkey(self._data_dir).argv
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 20
        while not embedded.is_serving(embedded_socket(self._data_dir)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"Valkey does not serve: {' '.join(command)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order, its data written; nothing serves until the next `start`."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def kill(self) -> None:
        """Kill it, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None
