"""Lets so many big pictures be developed at a time on a machine, whatever the number of workers.

By file locks, which the system takes back from a process that dies.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from media_app.exceptions import NoRoom

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Bytes. What needs less is not held up: a usual photo of 12 or 24 megapixels.
BIG_BYTES = 150_000_000
#: Seconds that one waits for room. Then its thread is better used for what is small.
PATIENCE_S = 2.0
#: Seconds between two looks for room, and until one that found none is tried again.
_LOOK_S, RETRY_IN_S = 0.02, 3.0


class Gate:
    """Room for `at_once` big pictures among all processes that name the same folder."""

    def __init__(self, folder: Path, *, at_once: int, patience_s: float = PATIENCE_S) -> None:
        self._folder, self._at_once, self._patience_s = folder, at_once, patience_s

    @contextmanager
    def held(self, memory_bytes: int) -> Iterator[None]:
        """Wait for room, and keep it. A picture that needs less than `BIG_BYTES` doesn't wait.

        Raises:
            NoRoom: others had it all the time.
        """
        if memory_bytes < BIG_BYTES or sys.platform == "win32":
            yield
            return
        with self._taken():
            yield

    def _taken(self) -> IO[bytes]:
        """The first locked file that could be had: unlocked when it is closed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._patience_s
        while True:
            for number in range(self._at_once):
                slot = (self._folder / f"big-picture-{number}.lock").open("ab")
                if _is_locked(slot):
                    return slot
                slot.close()
            if time.monotonic() > deadline:
                raise NoRoom(retry_in_s=RETRY_IN_S)
            time.sleep(_LOOK_S)


def _is_locked(slot: IO[bytes]) -> bool:
    """Whether the lock could be taken at once."""
    try:
        fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
