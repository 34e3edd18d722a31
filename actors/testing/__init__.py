"""Test code that sends messages, without Redis or a worker (docs/testing.md)."""

from __future__ import annotations

from actors.testing.asserting import arun_sent, assert_sent, run_sent
from actors.testing.capturing import Capture, StubBroker, capture

__all__ = ["Capture", "StubBroker", "arun_sent", "assert_sent", "capture", "run_sent"]
