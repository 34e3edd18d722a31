"""The tests' settings, but a worker is dead after 3 s of silence, so that no case takes long."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import DRAMATIQ_BROKER

DRAMATIQ_BROKER = {**DRAMATIQ_BROKER, "OPTIONS": {"heartbeat_timeout": 3_000}}
