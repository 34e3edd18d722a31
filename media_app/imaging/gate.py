"""Lets so many big pictures be developed at a time on a machine, whatever the number of workers.

By file locks, which the system takes back from a process that dies.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Bytes. What needs less is not held up: a usual photo of 12 or 24 megapixels.
BIG_BYTES = 150_000_000


class Gate:
    """Room for `at_once` big pictures among all processes that name the same folder."""

    def __init__(self, folder: Path, *, at_once: int) -> None:
        self._folder, self._at_once = folder, at_once

    @contextmanager
    def held(self, memory_bytes: int) -> Iterator[None]:
        """Wait for room, and keep it. A picture that needs less than `BIG_BYTES` doesn't wait."""
        if memory_bytes < BIG_BYTES or sys.platform == "win32":
            yield
            return
        slot = self._taken()
        try:
            yield
        finally:
            os.close(slot)

    def _taken(self) -> int:
        """A locked file: the first that is free, or the next to become so of one of them."""
        slots = [self._opened(number) for number in range(self._at_once)]
        chosen = next((slot for slot in slots if _is_locked(slot)), None)
        if chosen is None:
            chosen = slots[os.getpid() % len(slots)]
            fcntl.flock(chosen, fcntl.LOCK_EX)
        for slot in slots:
            if slot != chosen:
                os.close(slot)
        return chosen

    def _opened(self, number: int) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"big-picture-{number}.lock"
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)


def _is_locked(slot: int) -> bool:
    """Whether the lock could be taken at once."""
    try:
        fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
