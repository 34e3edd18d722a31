"""Holds booted workers back until all are: so that no start is measured, and none has a lead."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dramatiq import Broker, Middleware, Worker

from benchmarks.queues import FOLDER_VARIABLE, GATE_VARIABLE

#: Seconds until a worker goes on by itself.
LONGEST_S = 60.0
LOOK_S = 0.001


class Gate(Middleware):
    """Hook: before the worker's boot, which is when its threads start. Stands last."""

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        folder, deadline = Path(os.environ[FOLDER_VARIABLE]), time.monotonic() + LONGEST_S
        (folder / f"booted-{os.getpid()}").touch()
        while not (folder / "go").exists() and time.monotonic() < deadline:
            time.sleep(LOOK_S)


def hold_where_asked(broker: Broker) -> None:
    if GATE_VARIABLE in os.environ:
        broker.add_middleware(Gate())
