"""The tasks as this project's actors."""

from __future__ import annotations

import dramatiq

from actors import actor
from benchmarks.queues import work
from benchmarks.queues.workers.gate import hold_where_asked

hold_where_asked(dramatiq.get_broker())

ACTORS = {name: actor(actor_name=name)(task) for name, task in work.TASKS.items()}
