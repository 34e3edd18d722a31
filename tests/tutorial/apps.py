"""The tests' app."""

from __future__ import annotations

import os

from django.apps import AppConfig

from tests import relay_lock


class TutorialConfig(AppConfig):
    """In a worker process that a test has started, lets `no_other_relay` hold its relay up."""

    name = "tests.tutorial"

    def ready(self) -> None:
        """Heed the lock."""
        if "DARKROOM_TEST_DATA_DIR" in os.environ:
            relay_lock.heed()
