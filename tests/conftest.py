"""Fixtures for every kind of test."""

from __future__ import annotations

from tests.workers import queue_length, valkey, valkey_server, worker, worker_process

__all__ = ["queue_length", "valkey", "valkey_server", "worker", "worker_process"]
