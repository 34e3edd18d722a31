"""The open sockets of this process."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings

from project.paths import embedded_socket


def connections_to_redis() -> int:
    """How many connections this process has to the tests' server; others have theirs."""
    server = str(embedded_socket(settings.DATA_DIR))
    return sum(peer == server for peer in _peers())


def _peers() -> Iterator[object]:
    """Give the address at the other end of each socket that has one."""
    for number in map(int, os.listdir("/dev/fd")):
        # The one that listed them is closed again.
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as opened:
                yield opened.getpeername()
