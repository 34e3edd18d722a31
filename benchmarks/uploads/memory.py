"""What all processes of a run need together: shared pages are counted once."""

from __future__ import annotations

import threading
from pathlib import Path

#: Seconds between two looks.
INTERVAL_S = 1.0


class Memory(threading.Thread):
    """Looks for as long as it runs. `peak_mb`: the most at one moment, of `roots` and below."""

    def __init__(self, *roots: int) -> None:
        super().__init__(daemon=True)
        self.roots, self.peak_mb = set(roots), 0.0
        self._ended = threading.Event()
        self.at_rest_mb = self._now_mb()

    def run(self) -> None:
        while not self._ended.wait(INTERVAL_S):
            self.peak_mb = max(self.peak_mb, self._now_mb())

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _now_mb(self) -> float:
        return sum(map(_pss_mb, descendants(self.roots)))


def descendants(roots: set[int]) -> set[int]:
    """The processes and all that they started."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _pss_mb(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return (
        sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1000
    )
