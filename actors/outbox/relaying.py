"""The relay: sends what senders have left, the oldest first, one relay at a time."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from dramatiq import Message
from dramatiq.errors import DecodeError

from actors.errors import BrokerUnavailable
from actors.outbox import dispatch
from actors.outbox.dispatch import MOST_AT_ONCE, Sendable, rows

logger = logging.getLogger("actors.outbox")

#: How long the process that stored a message is left to send it itself. It counts from the row's
#: writing: after a long transaction both may be at it, and Redis drops the second.
GRACE = timedelta(seconds=5)
#: How long a relay has to send what it claimed; then others may.
CLAIM = timedelta(seconds=10)


def relay(*, limit: int = MOST_AT_ONCE, grace: timedelta | None = None) -> int:
    """Send up to `limit` messages that were left, the oldest first; return how many.

    Returns 0 where another relay is at it. `grace`: only those that wait as long; 5 s unless told.
    A message that can't be sent, whatever Redis says, is put aside with its `problem`.

    Raises:
        BrokerUnavailable: Redis went away, or refused those of a queue; what was not sent stays.
    """
    claimed = _claim(limit, GRACE if grace is None else grace)
    refused, sent = None, 0
    try:
        for some in _by_queue(claimed):
            try:
                sent += _send_claimed(some)
            except BrokerUnavailable as error:
                if not error.is_refused:
                    raise
                refused = error
        if refused is not None:
            raise refused
    except BrokerUnavailable:
        rows().filter(pk__in=[row.pk for row in claimed]).update(claimed_until=None)
        raise
    return sent


def waiting(grace: timedelta = timedelta(0)) -> Any:
    """Return the rows that are to be sent, the oldest first; without those put aside."""
    old = rows().filter(problem="", created_at__lte=timezone.now() - grace)
    return old.order_by("created_at")


def _claim(limit: int, grace: timedelta) -> list[Any]:
    """Return rows to send; none where another relay has claimed the oldest: it keeps the order."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    head = waiting(grace).only("pk", "claimed_until").first()
    if head is None or (head.claimed_until is not None and head.claimed_until >= now):
        return []
    with transaction.atomic():
        # Written first: that takes the lock, of the row or of SQLite's file, and one relay gets it.
        if not rows().filter(free, pk=head.pk).update(claimed_until=now + CLAIM):
            return []
        claimed = list(waiting(grace).filter(free | Q(pk=head.pk))[:limit])
        rows().filter(pk__in=[row.pk for row in claimed]).update(claimed_until=now + CLAIM)
    return claimed


def _by_queue(claimed: list[Any]) -> Iterator[list[Any]]:
    by_queue = attrgetter("queue_name")
    for _, some in groupby(sorted(claimed, key=by_queue), key=by_queue):
        yield list(some)


def _send_claimed(some: list[Any]) -> int:
    """Send rows, together where that works; return how many."""
    sendables = [each for row in some if (each := _sendable_of(row)) is not None]
    if not sendables:
        return 0
    try:
        dispatch.send(sendables)
    except (BrokerUnavailable, DatabaseError):
        raise
    except Exception as error:
        # A worker's loop, and a middleware's refusal perhaps: the others must not wait for it.
        if len(sendables) == 1:
            logger.exception("The outbox can't send %s.", sendables[0].message)
            _put_aside(sendables[0].key, f"{type(error).__name__}: {error}")
            return 0
        keys = {each.key for each in sendables}
        return sum(_send_claimed([row]) for row in some if row.pk in keys)
    return len(sendables)


def _sendable_of(row: Any) -> Sendable | None:
    try:
        return Sendable(row.pk, Message.decode(bytes(row.payload)), row.due_at)
    except DecodeError as error:
        logger.error("The outbox's %s can't be decoded (%s): it is put aside.", row, error)
        _put_aside(row.pk, f"It can't be decoded: {error}")
        return None


def _put_aside(key: uuid.UUID, problem: str) -> None:
    """Leave a row to a person: `manage.py outbox` shows it."""
    rows().filter(pk=key).update(problem=problem, claimed_until=None)
