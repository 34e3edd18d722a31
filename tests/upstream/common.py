"""What Dramatiq's tests import from their `common`: a worker for a block, and marks."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dramatiq import Broker, Worker

skip_on_pypy = pytest.mark.skipif(
    platform.python_implementation() == "PyPy", reason="PyPy collects garbage at other times"
)


@contextmanager
def worker(broker: Broker, **options: Any) -> Iterator[Worker]:
    """Run a worker in this process for the length of a block."""
    running = Worker(broker, **options)
    running.start()
    try:
        yield running
    finally:
        running.stop()
