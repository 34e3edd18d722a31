"""`delay()` and `get()` over Dramatiq actors, the same in sync and async Django code.

from actors import actor, AsyncResult

@actor
def add(x: int, y: int) -> int:
    return x + y

add.delay(4, 5).get()         # 9, from a worker
await (await add.adelay(4, 5))  # 9, and the event loop was free
add(4, 5)                     # 9, here and now
"""

from __future__ import annotations

from actors.errors import (
    ActorsError,
    BrokerUnavailable,
    ResultFailure,
    ResultMissing,
    ResultsDisabled,
    ResultTimeout,
)
from actors.facade import Actor, actor
from actors.handles import AsyncResult

#: Celery's name for the same decorator.
shared_task = actor

__all__ = [
    "Actor",
    "ActorsError",
    "AsyncResult",
    "BrokerUnavailable",
    "ResultFailure",
    "ResultMissing",
    "ResultTimeout",
    "ResultsDisabled",
    "actor",
    "shared_task",
]
