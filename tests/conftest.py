"""Fixtures for every kind of test."""

from __future__ import annotations

from tests.failures import pytest_collectreport, pytest_runtest_logreport
from tests.workers import (
    no_other_relay,
    queue_length,
    valkey,
    valkey_server,
    worker,
    worker_process,
)

__all__ = [
    "no_other_relay",
    "pytest_collectreport",
    "pytest_runtest_logreport",
    "queue_length",
    "valkey",
    "valkey_server",
    "worker",
    "worker_process",
]
