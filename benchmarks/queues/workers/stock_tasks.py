"""The tasks as stock Dramatiq actors; what its workers load, and what sends to them."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks.queues import REDIS_VARIABLE, work
from benchmarks.queues.workers.gate import hold_where_asked

_url = os.environ[REDIS_VARIABLE]
broker = RedisBroker(url=_url)
broker.add_middleware(Results(backend=RedisBackend(url=_url)))
hold_where_asked(broker)
dramatiq.set_broker(broker)

ACTORS = {
    name: dramatiq.actor(task, actor_name=name, store_results=True)
    for name, task in work.TASKS.items()
}
