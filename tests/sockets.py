"""The open sockets of this process."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from django.conf import settings

from project.paths import embedded_socket


def connections_to_redis() -> int:
    """How many connections this process has to the tests' server; others have theirs."""
    server = str(embedded_socket(settings.DATA_DIR))
    peers = []
    for number in os.listdir("/dev/fd"):
        # Most are files, and the one that lists them is closed again.
        with suppress(OSError), socket.socket(fileno=os.dup(int(number))) as opened:
            peers.append(opened.getpeername())
    return peers.count(server)
