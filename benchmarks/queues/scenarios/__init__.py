"""The scenarios: each takes a queue and returns what it measured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.scenarios.draining import drain
from benchmarks.queues.scenarios.outages import redis_down, redis_frozen
from benchmarks.queues.scenarios.profiling import profile_drain, profile_enqueue
from benchmarks.queues.scenarios.sending import enqueue_concurrent, enqueue_seq
from benchmarks.queues.scenarios.tripping import roundtrip_concurrent, roundtrip_idle
from benchmarks.queues.scenarios.waiting import waiters

type Scenario = Callable[[Queue], Awaitable[dict[str, Any]]]

#: In the order of the tables.
SCENARIOS: dict[str, Scenario] = {
    each.__name__: each
    for each in (
        enqueue_concurrent,
        enqueue_seq,
        drain,
        roundtrip_idle,
        roundtrip_concurrent,
        waiters,
        redis_down,
        redis_frozen,
    )
}
PROFILES: dict[str, Scenario] = {"drain": profile_drain, "enqueue": profile_enqueue}
