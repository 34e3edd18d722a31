"""What the tasks do, the same for every queue. They know nothing of queues."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from benchmarks.queues import FOLDER_VARIABLE, PROFILE_VARIABLE

_lock = threading.Lock()
_done = -1


def count() -> None:
    """Do nothing, and be counted: one byte at the end of a file."""
    if _done < 0:
        _begin()
    os.write(_done, b".")


def echo(value: int) -> int:
    return value


def clock() -> float:
    """Return when it ran, on the clock that all processes of a machine share."""
    return time.monotonic()


TASKS = {"count": count, "echo": echo, "clock": clock}


def done_file(folder: Path) -> Path:
    return folder / "done"


def first_tasks(folder: Path) -> dict[int, tuple[float, float]]:
    """Return of each worker process when it counted first, and what CPU it had used until then."""
    found = {}
    for path in folder.glob("first-*"):
        if len(words := path.read_text().split()) == 2:
            found[int(path.name.removeprefix("first-"))] = (float(words[0]), float(words[1]))
    return found


def _begin() -> None:
    global _done
    with _lock:
        if _done >= 0:
            return
        folder = Path(os.environ[FOLDER_VARIABLE])
        (folder / f"first-{os.getpid()}").write_text(f"{time.monotonic()} {time.process_time()}")
        if PROFILE_VARIABLE in os.environ:
            _begin_profile(folder)
        _done = os.open(done_file(folder), os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _begin_profile(folder: Path) -> None:
    from benchmarks.queues.profiler import profile_until_told

    profile_until_told(folder)
