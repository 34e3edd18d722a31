"""Which messages are still to end, by their ids: those of the outbox and those in Redis."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

import dramatiq
from django.apps import apps

from actors.wire import lines
from actors.wire.scripts import LIVING

if TYPE_CHECKING:
    from actors.broker import RedisBroker


def living(message_ids: Collection[str]) -> set[str]:
    """Return the ids, of some hundreds, whose messages are stored, queued, delayed, held or tried.

    The outbox is asked first: a message is put into Redis before its row goes, so that one which
    moves between the two looks is met by the second. In Redis it stays until what its actor did is
    committed: who read a row as unfinished before, and finds no message now, knows that the row has
    ended since, or that its message is lost. So read the row again before you act.

    Raises:
        BrokerUnavailable: Redis can't be reached: nothing is known.
    """
    if not message_ids:
        return set()
    stored = set(_outbox().filter(message_id__in=message_ids).values_list("message_id", flat=True))
    return stored | _in_redis([each for each in message_ids if each not in stored])


def _in_redis(message_ids: list[str]) -> set[str]:
    broker = cast("RedisBroker", dramatiq.get_broker())
    queues = sorted(broker.get_declared_queues())
    command = LIVING(broker.namespace, len(queues), *queues, *message_ids)
    answers = lines.call(*command, action="look for messages")
    return {each for each, found in zip(message_ids, answers, strict=True) if found}


def _outbox() -> Any:
    # By name: the middleware is built before Django has loaded its models.
    return apps.get_model("actors", "OutboxMessage").objects
