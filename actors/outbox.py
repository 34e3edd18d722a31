"""Durable sends: messages stored in the caller's transaction, sent when that has committed.

A row goes when Redis has its message. What is left, because Redis was away or the process died
in between, the relay sends (`actors.middleware.OutboxRelay` runs it in every worker process).
A message may so be sent twice: actors are idempotent.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import batched, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import dramatiq
from django.apps import apps
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from dramatiq import Message
from dramatiq.errors import DecodeError

from actors.errors import BrokerUnavailable

if TYPE_CHECKING:
    from actors.broker import RedisBroker

logger = logging.getLogger(__name__)

#: How long the process that stored a message is left to send it itself.
GRACE = timedelta(seconds=5)
#: How long a relay has to send what it claimed.
CLAIM = timedelta(seconds=30)
#: Rows written by one statement; messages sent before their rows are deleted by one.
MOST_AT_ONCE = 1000

#: A message, and when it should run: None for at once.
type Postponed = tuple[Message[Any], datetime | None]


class StoredMessages:
    """Messages in the outbox, as their sender sees them. `is_sent`: all of them are in Redis."""

    def __init__(self, messages: Sequence[Postponed]) -> None:
        self.messages = messages
        self.is_sent = False
        self._committed = False

    def is_committed(self) -> bool:
        """Return whether the transaction has committed; False after a rollback, too."""
        return self._committed

    def send(self) -> None:
        """Send after the commit; where Redis is away, leave what is not sent to the relay."""
        self._committed = True
        try:
            for some in batched(self.messages, MOST_AT_ONCE):
                _send(some)
            self.is_sent = True
        except BrokerUnavailable as error:
            logger.warning("Left to the relay: %s", error)


def in_transaction() -> bool:
    """Return whether this thread is inside `atomic()`, a test case's own outermost one apart."""
    blocks = transaction.get_connection().atomic_blocks
    return any(not block._from_testcase for block in blocks)


def store(message: Message[Any], *, due_at: datetime | None) -> StoredMessages:
    """Write the message's row, and send it when the transaction around has committed."""
    return store_many([(message, due_at)])


def store_many(messages: Iterable[Postponed]) -> StoredMessages:
    """Write the rows of many messages, a thousand in a statement, to be sent likewise."""
    stored = StoredMessages(list(messages))
    rows = [_row_of(*each) for each in stored.messages]
    with transaction.atomic():
        _rows().bulk_create(rows, batch_size=MOST_AT_ONCE)
        transaction.on_commit(stored.send, robust=True)
    return stored


def relay(*, limit: int = MOST_AT_ONCE) -> int:
    """Send up to `limit` messages that were left, the oldest first; return how many.

    Raises:
        BrokerUnavailable: Redis went away, or refused those of a queue; what was not sent stays.
    """
    rows = _claim(limit)
    refused, sent = None, 0
    try:
        for some in _by_queue(rows):
            try:
                _send_claimed(some)
                sent += len(some)
            except BrokerUnavailable as error:
                if not error.is_refused:
                    raise
                refused = error
        if refused is not None:
            raise refused
    except BrokerUnavailable:
        _rows().filter(pk__in=[row.pk for row in rows]).update(claimed_until=None)
        raise
    return sent


def withdraw(message_id: str) -> bytes | None:
    """Drop a message that has not been sent, and return it as it was to be; None: there is none."""
    try:
        row_id = uuid.UUID(message_id)
    except ValueError:
        return None
    with transaction.atomic():
        row = _rows().filter(pk=row_id).first()
        if row is None or not _rows().filter(pk=row_id).delete()[0]:
            return None
    return bytes(row.payload)


def delay_ms_until(due_at: datetime | None) -> int | None:
    """Return the milliseconds left until `due_at`, None where it is past or none is given."""
    if due_at is None:
        return None
    return max(int((due_at - timezone.now()).total_seconds() * 1000), 0) or None


def _claim(limit: int) -> list[Any]:
    """Return rows that no other relay has or gets: it skips them, locked or claimed."""
    now = timezone.now()
    free = _rows().filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
    left = free.filter(created_at__lt=now - GRACE).order_by("created_at")
    ids = list(left.values_list("pk", flat=True)[:limit])
    if not ids:
        return []
    with transaction.atomic():
        rows = list(left.filter(pk__in=ids).select_for_update(skip_locked=True))
        claimed = _rows().filter(pk__in=[row.pk for row in rows])
        claimed.update(claimed_until=now + CLAIM)
    return rows


def _by_queue(rows: list[Any]) -> Iterator[list[Any]]:
    by_queue = attrgetter("queue_name")
    for _, some in groupby(sorted(rows, key=by_queue), key=by_queue):
        yield list(some)


def _send_claimed(rows: list[Any]) -> None:
    _send([message for row in rows if (message := _message_of(row)) is not None])


def _message_of(row: Any) -> Postponed | None:
    try:
        return Message.decode(bytes(row.payload)), row.due_at
    except DecodeError:
        # Whatever it is, those behind it must not wait for it.
        logger.exception("The outbox's %s can't be decoded; it stays.", row)
        return None


def _send(messages: Sequence[Postponed]) -> None:
    # Redis refuses what was revoked in the meantime.
    stored = [
        (message.copy(options={"is_stored": True}), delay_ms_until(due_at))
        for message, due_at in sorted(messages, key=lambda each: each[0].queue_name)
    ]
    broker = cast("RedisBroker", dramatiq.get_broker())
    if len(stored) == 1:
        message, delay_ms = stored[0]
        broker.enqueue(message, delay=delay_ms)
    else:
        broker.enqueue_many(stored)
    _rows().filter(pk__in=[uuid.UUID(message.message_id) for message, _ in stored]).delete()


def _row_of(message: Message[Any], due_at: datetime | None) -> Any:
    return _rows().model(
        id=uuid.UUID(message.message_id),
        actor_name=message.actor_name,
        queue_name=message.queue_name,
        payload=message.encode(),
        due_at=due_at,
    )


def _rows() -> Any:
    # By name: `from actors import actor` must work before Django has loaded its models.
    return apps.get_model("actors", "OutboxMessage").objects
