"""Sockets and memory of this process, as the kernel knows them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def open_sockets() -> int:
    """Return how many are open."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return count


def memory_mb() -> float:
    """Return what this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
