"""Durable sends: a message stored in the caller's transaction, sent when that has committed.

The row goes when Redis has the message. What is left, because Redis was away or the process died
in between, the relay sends (`actors.middleware.OutboxRelay` runs it in every worker process).
A message may so be sent twice: actors are idempotent.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

import dramatiq
from django.apps import apps
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from dramatiq import Message

from actors.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

#: How long the process that stored a message is left to send it itself.
GRACE = timedelta(seconds=5)
#: How long a relay has to send what it claimed.
CLAIM = timedelta(seconds=30)


class StoredMessage:
    """A message in the outbox, as its sender sees it. `is_sent`: it is known to be in Redis."""

    def __init__(self, message: Message[Any], due_at: datetime | None) -> None:
        self.message, self.due_at = message, due_at
        self.is_sent = False
        self._committed = False

    def is_committed(self) -> bool:
        """Return whether the transaction has committed; False after a rollback, too."""
        return self._committed

    def send(self) -> None:
        """Send after the commit; where Redis is away, leave it to the relay."""
        self._committed = True
        try:
            _send(self.message, self.due_at)
            self.is_sent = True
        except BrokerUnavailable as error:
            logger.warning("Left to the relay: %s", error)


def in_transaction() -> bool:
    """Return whether this thread is inside `atomic()`, a test case's own outermost one apart."""
    blocks = transaction.get_connection().atomic_blocks
    return any(not block._from_testcase for block in blocks)


def store(message: Message[Any], *, due_at: datetime | None) -> StoredMessage:
    """Write the message's row, and send it when the transaction around has committed."""
    stored = StoredMessage(message, due_at)
    with transaction.atomic():
        _rows().create(
            id=uuid.UUID(message.message_id),
            actor_name=message.actor_name,
            queue_name=message.queue_name,
            payload=message.encode(),
            due_at=due_at,
        )
        transaction.on_commit(stored.send, robust=True)
    return stored


def relay(*, limit: int = 100) -> int:
    """Send up to `limit` messages that were left, the oldest first; return how many.

    Raises:
        BrokerUnavailable: Redis went away; what was not sent stays.
    """
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    left = _rows().filter(free, created_at__lt=now - GRACE).order_by("created_at")[:limit]
    sent = 0
    for row in list(left):
        if _rows().filter(free, pk=row.pk).update(claimed_until=now + CLAIM):
            _send_claimed(row)
            sent += 1
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


def _send_claimed(row: Any) -> None:
    try:
        _send(Message.decode(bytes(row.payload)), row.due_at)
    except BrokerUnavailable:
        _rows().filter(pk=row.pk).update(claimed_until=None)
        raise


def _send(message: Message[Any], due_at: datetime | None) -> None:
    # Redis refuses what was revoked in the meantime.
    stored = message.copy(options={"is_stored": True})
    dramatiq.get_broker().enqueue(stored, delay=delay_ms_until(due_at))
    _rows().filter(pk=uuid.UUID(message.message_id)).delete()


def _rows() -> Any:
    # By name: `from actors import actor` must work before Django has loaded its models.
    return apps.get_model("actors", "OutboxMessage").objects
