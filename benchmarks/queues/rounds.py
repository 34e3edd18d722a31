"""Runs all that was asked for: in each round every queue once, so that a slow minute hits all."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.queues.adapters import QUEUES
from benchmarks.queues.database import make_template
from benchmarks.queues.one_run import RunFailed, measure
from benchmarks.queues.sizes import Sizes
from benchmarks.queues.tables import TABLES

#: What each run of a scenario measured, by queue.
type Measured = dict[str, list[dict[str, Any]]]


def measure_all(
    scenarios: Sequence[str], queues: Sequence[str], rounds: int, sizes: Sizes
) -> dict[str, Measured]:
    """Return what was measured, by scenario and queue; says on the way how far it is."""
    with working_folder(queues) as below:
        return {
            scenario: _measure_scenario(scenario, queues, rounds, sizes, below)
            for scenario in scenarios
        }


@contextmanager
def working_folder(queues: Sequence[str]) -> Iterator[Path]:
    """A folder for all runs, with a migrated database where a queue needs one."""
    # A short path: those of unix sockets are limited.
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        if any(QUEUES[queue].needs_database for queue in queues):
            make_template(Path(name) / "template")
        yield Path(name)


def _measure_scenario(
    scenario: str, queues: Sequence[str], rounds: int, sizes: Sizes, below: Path
) -> Measured:
    taking_part = [name for name in queues if scenario in QUEUES[name].scenarios]
    measured: Measured = {name: [] for name in taking_part}
    for number in range(rounds):
        # Each round begins with another, so that none always follows the same.
        for name in taking_part[number:] + taking_part[:number]:
            label = f"{scenario}, round {number + 1}/{rounds}, {name}"
            measured[name].append(_measure_one(label, scenario, name, sizes, below))
    return measured


def _measure_one(label: str, scenario: str, name: str, sizes: Sizes, below: Path) -> dict[str, Any]:
    started = time.monotonic()
    try:
        result = measure(name, scenario, sizes, below)
    except RunFailed as error:
        print(f"{label}: FAILED\n{error}", flush=True)
        return {"failed": str(error).splitlines()[-1]}
    said = TABLES[scenario].brief(result)
    print(f"{label}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
    return result
