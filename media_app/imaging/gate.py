"""Lets so many big pictures be developed at a time on a machine, whatever the number of workers.

By file locks, which the system takes back from a process that dies.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

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
        with self._taken():
            yield

    def _taken(self) -> IO[bytes]:
        """A locked file: the first that is free, or one of them as soon as it becomes so.

        Files, not their numbers: what an interrupted wait leaves behind is closed, and so unlocked.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        slots = [self._opened(number) for number in range(self._at_once)]
        free = next((slot for slot in slots if _is_locked(slot)), None)
        chosen = free or slots[os.getpid() % len(slots)]
        if free is None:
            fcntl.flock(chosen, fcntl.LOCK_EX)
        for slot in slots:
            if slot is not chosen:
                slot.close()
        return chosen

    def _opened(self, number: int) -> IO[bytes]:
        return (self._folder / f"big-picture-{number}.lock").open("ab")


def _is_locked(slot: IO[bytes]) -> bool:
    """Whether the lock could be taken at once."""
    try:
        fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
