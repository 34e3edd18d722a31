"""What every engine makes, with which settings, and what it says of it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

WIDTHS = (1600, 800, 320)
WEBP = {"quality": 80, "method": 2}
JPEG = {"quality": 80, "progressive": True}
AVIF = {"quality": 60, "speed": 9, "subsampling": "4:2:0"}

#: Work -> the files of it, by width and format.
WORKS = {
    "first": [(320, "webp")],
    "ready": [(1600, "webp"), (800, "webp"), (320, "webp"), (800, "jpeg")],
    "all": [
        *((width, "webp") for width in WIDTHS),
        (800, "jpeg"),
        *((width, "avif") for width in WIDTHS),
    ],
}

type Files = dict[tuple[int, str], bytes]


def serve(make: Callable[[Path, str], Files], peak_pid: Callable[[], int] | None = None) -> None:
    """Answer on standard output, one line a job: `WORK PATH FOLDER`, or the end of the input."""
    for line in sys.stdin:
        work, path, folder = line.split()
        pid = peak_pid() if peak_pid else os.getpid()
        begun, spent = time.perf_counter(), cpu_ms(pid)
        files = make(Path(path), work)
        took_ms = (time.perf_counter() - begun) * 1000
        pid = peak_pid() if peak_pid else pid
        if folder != "-":
            for (width, format), data in files.items():
                (Path(folder) / f"{width}.{format}").write_bytes(data)
        sizes = {f"{width}.{format}": len(data) for (width, format), data in files.items()}
        said = {"ms": took_ms, "cpu_ms": cpu_ms(pid) - spent, "peak_mb": peak_mb(pid), **sizes}
        print(json.dumps(said), flush=True)


def cpu_ms(pid: int) -> float:
    """What all threads of a process have used up to now; 0 for no process."""
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM")
