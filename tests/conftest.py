"""Fixtures for every kind of test."""

from __future__ import annotations

from tests.workers import (
    no_other_relay,
    queue_length,
    valkey,
    valkey_server,
    worker,
    worker_process,
)

__all__ = ["no_other_relay", "queue_length", "valkey", "valkey_server", "worker", "worker_process"]
