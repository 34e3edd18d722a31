"""The stock actors in a process that has this project's Django app loaded too."""

from __future__ import annotations

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.queues.settings"
django.setup()

# Imported last: the broker that is set last is the one that the worker runs.
from benchmarks.queues.workers import stock_tasks  # noqa: E402

broker = stock_tasks.broker
