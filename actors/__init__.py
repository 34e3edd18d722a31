"""`delay()` and `get()` over Dramatiq actors, the same in sync and async Django code.

from actors import actor, AsyncResult, group, chain

@actor
def add(x: int, y: int) -> int:
    return x + y

add.delay(4, 5).get()         # 9, from a worker
await (await add.adelay(4, 5))  # 9, and the event loop was free
add(4, 5)                     # 9, here and now
chain(add.message(1, 2), add.message(3)).delay().get()      # 6
group(add.message(i, i) for i in range(3)).delay().get()    # [0, 2, 4]
"""

from __future__ import annotations

from actors.composition import ChainResult, GroupResult, chain, group
from actors.declaring import actor
from actors.errors import (
    ActorsError,
    BrokerUnavailable,
    ResultFailure,
    ResultMissing,
    ResultsDisabled,
    ResultTimeout,
    Revoked,
)
from actors.facade import Actor
from actors.handles import AsyncResult
from actors.progress import report_progress

#: Celery's name for the same decorator.
shared_task = actor

__all__ = [
    "Actor",
    "ActorsError",
    "AsyncResult",
    "BrokerUnavailable",
    "ChainResult",
    "GroupResult",
    "ResultFailure",
    "ResultMissing",
    "ResultTimeout",
    "ResultsDisabled",
    "Revoked",
    "actor",
    "chain",
    "group",
    "report_progress",
    "shared_task",
]
