"""The worker processes of one run: starts and kills them, and reads what they used from /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.queues import FOLDER_VARIABLE, GATE_VARIABLE, PROFILE_VARIABLE, READY, ROOT

#: Seconds.
READY_WITHIN_S = 60.0


@dataclass(frozen=True)
class Command:
    """How one worker is started; `processes` of it run tasks."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    processes: int = 1


class WorkerProcesses:
    """All workers of a run, with their children."""

    def __init__(self, folder: Path, *, profiled: bool) -> None:
        self._folder = folder
        self._log = folder / "worker.log"
        self._profiled = profiled
        self._started: list[subprocess.Popen[bytes]] = []
        #: How many processes run tasks.
        self.count = 0

    def start(self, commands: Sequence[Command], *, gated: bool = False) -> None:
        """Start them; `gated` ones wait after their boot until `let_go`."""
        ours = {FOLDER_VARIABLE: str(self._folder)}
        ours |= {PROFILE_VARIABLE: "1"} if self._profiled else {}
        ours |= {GATE_VARIABLE: "1"} if gated else {}
        for command in commands:
            with self._log.open("ab") as log:
                process = subprocess.Popen(
                    command.argv,
                    cwd=ROOT,
                    env={**os.environ, **command.environment, **ours},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self._started.append(process)
            self.count += command.processes

    def let_go(self) -> None:
        """Let gated workers begin, once all have booted; those that know no gate have begun."""
        _wait(lambda: self._booted() >= self.count, self.check)
        (self._folder / "go").touch()

    def wait_until_ready(self) -> None:
        """Block until all say that they are."""
        _wait(lambda: self._said_ready() >= self.count, self.check)

    def check(self) -> None:
        """Raise where one has ended."""
        if any(process.poll() is not None for process in self._started):
            raise RuntimeError("a worker ended; see the end of its log")

    def cpu_s(self) -> dict[int, float]:
        """Return the seconds of CPU that each process has used."""
        return {pid: _cpu_s(pid) for pid in self.pids()}

    def rss_peak_mb(self) -> float:
        """Return the most memory each process ever held, in sum; shared pages count in each."""
        return sum(_kb(pid, "status", "VmHWM") for pid in self.pids()) / 1024

    def memory_mb(self) -> float:
        """Return what all processes hold now; pages that some share count once."""
        return sum(_kb(pid, "smaps_rollup", "Pss") for pid in self.pids()) / 1024

    def pids(self) -> list[int]:
        """Return the processes that were started, and all below them."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError, IndexError):
                    children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
        found = [process.pid for process in self._started]
        for pid in found:
            found.extend(children.get(pid, ()))
        return found

    def kill(self) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            process.wait()

    def _said_ready(self) -> int:
        return self._log.read_text().count(READY)

    def _booted(self) -> int:
        return len(list(self._folder.glob("booted-*"))) + self._said_ready()


def _wait(seen: Callable[[], bool], check: Callable[[], None]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not seen():
        check()
        if time.monotonic() > deadline:
            raise RuntimeError(f"the workers are not ready after {READY_WITHIN_S:g} s")
        time.sleep(0.02)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the name, which may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_s(pid: int) -> float:
    # The clock that clock_getcpuclockid(3) names; /proc would tell hundredths of a second only.
    return time.clock_gettime((~pid << 3) | 2)


def _kb(pid: int, file: str, name: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
