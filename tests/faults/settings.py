"""The tests' settings, but a worker is dead after 3 s of silence, so that no case takes long."""

from __future__ import annotations

from tests.settings_beside import *  # noqa: F403
from tests.settings_beside import DRAMATIQ_BROKER

DRAMATIQ_BROKER = {**DRAMATIQ_BROKER, "OPTIONS": {"heartbeat_timeout": 3_000}}
