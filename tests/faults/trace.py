"""What actors did, as lines of one file that every process appends to and a test reads."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import dramatiq
from django.conf import settings


class Step(NamedTuple):
    """By the worker of that process group; `at` is of the machine's monotonic clock, s."""

    what: str
    token: str
    group_id: int
    worker_id: str
    at: float


def tell(what: str, token: str) -> None:
    """Append a line; a single write, so that lines of many processes never mix."""
    worker_id = dramatiq.get_broker().broker_id  # type: ignore[attr-defined]
    line = f"{what} {token} {os.getpgrp()} {worker_id} {time.monotonic()}\n"
    descriptor = os.open(_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def is_first_attempt(token: str) -> bool:
    """Say so once for each token, whichever process asks."""
    try:
        (_path().parent / f"{token}.tried").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Trace:
    """What was told since this was made. Reads only what is new."""

    def __init__(self) -> None:
        _path().parent.mkdir(exist_ok=True)
        _path().touch()
        self._position = _path().stat().st_size
        self._steps: list[Step] = []
        self._ended: set[str] = set()

    def steps(self) -> list[Step]:
        """Return every step, in the file's order."""
        with _path().open("rb") as file:
            file.seek(self._position)
            read = file.read()
        whole = read[: read.rfind(b"\n") + 1]
        self._position += len(whole)
        for line in whole.decode().splitlines():
            what, token, group_id, worker_id, at = line.split()
            self._steps.append(Step(what, token, int(group_id), worker_id, float(at)))
            if what == "ended":
                self._ended.add(token)
        return self._steps

    def ended(self) -> set[str]:
        """Return the tokens of what has run to its end."""
        self.steps()
        return set(self._ended)


def _path() -> Path:
    return Path(settings.DATA_DIR) / "faults" / "trace"
