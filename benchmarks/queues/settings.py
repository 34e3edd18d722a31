"""The project's settings with the benchmark's app; the environment names a folder and a server."""

from __future__ import annotations

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, STATIC_ROOT

STATIC_ROOT.mkdir(exist_ok=True)
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.queues.app"]
