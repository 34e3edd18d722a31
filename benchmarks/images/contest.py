"""The engines that can run here, each a process that is told on its standard input what to make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

from benchmarks.images.work import WORKS

_HERE = Path(__file__).parent
_PYTHON = {"ours": "media_app", "naive": "PIL", "vips": "pyvips", "easy": "easy_thumbnails"}


class Engine:
    """One running engine."""

    def __init__(self, name: str, command: list[str], threads: int) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"THREADS": str(threads), "WORKS": json.dumps(WORKS)},
        )

    def make(self, work: str, path: Path, folder: Path | None = None) -> dict[str, float]:
        """What it says of one job: milliseconds, peak of its memory so far, bytes of each file."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{work} {path} {folder or '-'}\n")
        self._process.stdin.flush()
        return cast("dict[str, float]", json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def engines(only: list[str], *, threads: int) -> list[Engine]:
    """Those that are installed, of those that were asked for."""
    commands = {
        name: [sys.executable, "-m", f"benchmarks.images.engines.{name}"]
        for name, needed in _PYTHON.items()
        if _has(needed)
    }
    if (node := shutil.which("node")) and os.environ.get("SHARP_AT"):
        commands["sharp"] = [node, str(_HERE / "engines" / "sharp.mjs")]
    return [
        Engine(name, command, threads)
        for name, command in commands.items()
        if not only or name in only
    ]


def _has(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], check=False).returncode == 0
