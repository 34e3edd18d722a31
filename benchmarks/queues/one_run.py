"""Starts one run's process, waits for it, and leaves nothing of it behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.queues import ROOT
from benchmarks.queues.sizes import Sizes

#: Seconds that one run may take.
LONGEST_S = 300.0


class RunFailed(Exception):
    """A run ended without a result; says what its process and its workers said last."""


def measure(
    queue: str, scenario: str, sizes: Sizes, below: Path, *, profiled: bool = False
) -> dict[str, Any]:
    """Run one scenario with one queue; return what it measured."""
    folder = Path(tempfile.mkdtemp(dir=below))
    spec = {
        "queue": queue,
        "scenario": scenario,
        "sizes": asdict(sizes),
        "folder": str(folder),
        "profiled": profiled,
    }
    try:
        _run(json.dumps(spec), folder)
        return json.loads(_read(folder / "result.json") or _fail(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(spec: str, folder: Path) -> None:
    with (folder / "driver.log").open("wb") as log:
        process = subprocess.Popen(
            (sys.executable, "-m", "benchmarks.queues.driver", spec),
            cwd=ROOT,
            # It ends itself when this pipe closes.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _fail(folder: Path) -> str:
    said = [_read(folder / name)[-1500:] for name in ("driver.log", "worker.log")]
    raise RunFailed("\n".join(said).strip() or f"nothing came within {LONGEST_S:g} s")


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
