"""The tests' settings for workers that sweep at a pace for tests: rows are stale after a second."""

from __future__ import annotations

from tests.settings import *  # noqa: F403

ACTORS_SWEEP_AFTER_S = 1.0
ACTORS_SWEEP_INTERVAL_S = 1.2
