"""Owns DATA_DIR/run: who runs on this data, and which processes an earlier run has left.

`lock` is held as long as a supervisor lives, `<name>.pid` holds a process id for people and tools,
`state.json` all of it at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

#: Seconds. Orphans end by themselves within 5.
LEFTOVERS_GO_WITHIN_S = 6.0


class AlreadyRunning(Exception):
    """Another supervisor holds this data directory."""

    def __init__(self, *, data_dir: Path, state: dict[str, Any]) -> None:
        self.data_dir, self.state = data_dir, state
        where = f" (process {state['pid']}) at {state['url']}" if state else ""
        super().__init__(
            f"Darkroom already runs on the data in {data_dir}{where}. "
            "Use that one, stop it first, or choose another folder with DATA_DIR."
        )


class RunFiles:
    """The files of one run; holds the lock from its making until the process ends."""

    def __init__(self, data_dir: Path, url: str) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: Where another supervisor has it.
        """
        self._folder = data_dir / "run"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._processes: dict[str, dict[str, Any]] = {}
        self._lock = open(self._folder / "lock", "w")  # noqa: SIM115 - open as long as we live
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise AlreadyRunning(data_dir=data_dir, state=self._read()) from None
        self._left = self._read().get("processes", {})
        self._head = {"pid": os.getpid(), "url": url, "started_at": time.time()}
        self._write()

    def clear_leftovers(self) -> None:
        """Return once no process of an earlier, killed run is left; end those that stay."""
        deadline = time.monotonic() + LEFTOVERS_GO_WITHIN_S
        while alive := [entry["pid"] for entry in self._left.values() if _is_same(entry)]:
            if time.monotonic() > deadline:
                for pid in alive:
                    os.killpg(pid, signal.SIGKILL)
            time.sleep(0.1)
        self._left = {}

    def record(self, name: str, pid: int) -> None:
        """Note that `name` now runs as `pid`."""
        self._processes[name] = {"pid": pid, "birth": _birth(pid)}
        _replace(self._folder / f"{name}.pid", f"{pid}\n")
        self._write()

    def forget(self, name: str) -> None:
        """Note that `name` has ended."""
        self._processes.pop(name, None)
        (self._folder / f"{name}.pid").unlink(missing_ok=True)
        self._write()

    def close(self) -> None:
        """Remove what tells of this run, then let go of the lock."""
        for name in list(self._processes):
            self.forget(name)
        (self._folder / "state.json").unlink(missing_ok=True)
        self._lock.close()

    def _read(self) -> dict[str, Any]:
        try:
            state = json.loads((self._folder / "state.json").read_text())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _write(self) -> None:
        state = {**self._head, "processes": self._processes}
        _replace(self._folder / "state.json", json.dumps(state, indent=2) + "\n")


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_text(text)
    draft.replace(path)


def _is_same(entry: dict[str, Any]) -> bool:
    """Return whether that very process lives: ids are used again, births are not."""
    return entry["birth"] is not None and _birth(entry["pid"]) == entry["birth"]


def _birth(pid: int) -> str | None:
    """Return when a process started, as the kernel says it; None where it has ended."""
    if sys.platform != "linux":
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip() or None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # Source: proc_pid_stat(5). The name, in brackets, may hold blanks and brackets itself.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]
