"""Compares this project's actors with stock Dramatiq and two floors: `python -m benchmarks.queues`.

One run measures one queue in one scenario, in a process of its own (`driver`), with a server of its
own. `rounds` interleaves the runs, `report` makes the table of them.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
#: Names the folder of the run to its workers.
FOLDER_VARIABLE = "BENCHMARK_FOLDER"
#: Set where workers sample where their time goes.
PROFILE_VARIABLE = "BENCHMARK_PROFILE"
#: Set where booted workers wait until all are.
GATE_VARIABLE = "BENCHMARK_GATE"
#: What Dramatiq's workers log, and the floors' print.
READY = "ready for action"
#: Names the server to workers that are not ours.
REDIS_VARIABLE = "BENCHMARK_REDIS_URL"
