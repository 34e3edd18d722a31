"""Lets dead letters go that are too old or too many: some at a time, the oldest first.

The workers call it on a timer, one process of all at a time (`actors.sweeper`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.utils import timezone

from actors import conf

logger = logging.getLogger(__name__)

#: Rows deleted in one step.
STEP = 1000
#: What was sent again is only history: of too many, it goes first.
_STATES = ("requeued", "dead")


def prune(limit: int = STEP) -> int:
    """Delete up to `limit` dead letters that are not to be kept; return how many.

    Fewer than `limit` says that there are no more.
    """
    return _delete(_too_old(limit), "old") or _delete(_too_many(limit), "many")


def _too_old(limit: int) -> list[str]:
    if not (days := conf.dead_letter_days()):
        return []
    since = timezone.now() - timedelta(days=days)
    return _oldest(limit, failed_at__lt=since)


def _too_many(limit: int) -> list[str]:
    if not (most := conf.most_dead_letters()):
        return []
    excess = _rows().count() - most
    return _oldest(min(excess, limit)) if excess > 0 else []


def _oldest(limit: int, **filters: Any) -> list[str]:
    return [pk for state in _STATES for pk in _ids(limit, state=state, **filters)][:limit]


def _ids(limit: int, **filters: Any) -> Iterator[str]:
    found: Any = _rows().filter(**filters).order_by("failed_at", "id")
    yield from found.values_list("pk", flat=True)[:limit]


def _delete(ids: list[str], why: str) -> int:
    if not ids:
        return 0
    count: int = _rows().filter(pk__in=ids).delete()[0]
    logger.info("Let go of %d dead letters: too %s.", count, why)
    return count


def _rows() -> Any:
    # By name, as in the outbox: the middleware is built before Django has loaded its models.
    return apps.get_model("actors", "DeadLetter").objects
