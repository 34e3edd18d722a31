"""The sender's side: rows of messages in its transaction, sent when that has committed."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import transaction
from dramatiq import Message

from actors.errors import BrokerUnavailable
from actors.outbox import dispatch
from actors.outbox.breaker import Breaker
from actors.outbox.dispatch import MOST_AT_ONCE, Sendable, key_of, rows

logger = logging.getLogger("actors.outbox")

#: A message, and when it should run: None for at once.
type Postponed = tuple[Message[Any], datetime | None]

#: While Redis is away, one commit in a while waits for it, and not each.
breaker = Breaker()


class StoredMessages:
    """Messages in the outbox, as their sender sees them. `is_sent`: all of them are in Redis."""

    def __init__(self, sendables: Sequence[Sendable]) -> None:
        self.sendables = sendables
        self.is_sent = False
        self._committed = False

    def is_committed(self) -> bool:
        """Return whether the transaction has committed; False after a rollback, too."""
        return self._committed

    def send(self) -> None:
        """Send after the commit; where Redis is away, leave what is not sent to the relay."""
        self._committed = True
        if not breaker.lets_try():
            return
        try:
            for some in batched(self.sendables, MOST_AT_ONCE):
                if kept := _kept(some):
                    dispatch.send(kept)
        except BrokerUnavailable as error:
            if error.is_refused or breaker.failed():
                logger.warning("Left to the relay: %s", error)
            return
        self.is_sent = True
        if breaker.worked():
            logger.warning("Redis is back: messages leave at their commit again.")


def in_transaction() -> bool:
    """Return whether this thread is inside `atomic()`, a test case's own outermost one apart."""
    blocks = transaction.get_connection().atomic_blocks
    return any(not block._from_testcase for block in blocks)


def store(
    message: Message[Any], *, due_at: datetime | None, is_again: bool = False
) -> StoredMessages:
    """Write the message's row, and send it when the transaction around has committed.

    `is_again`: it was sent before, and is to run once more; otherwise it would be dropped as known.
    """
    return store_many([(message, due_at)], is_again=is_again)


def store_many(messages: Iterable[Postponed], *, is_again: bool = False) -> StoredMessages:
    """Write the rows of many messages, a thousand in a statement, to be sent likewise."""
    return _store([Sendable(_key(message, is_again), message, due) for message, due in messages])


def withdraw(message_id: str) -> bytes | None:
    """Drop a message that has not been sent, and return it as it was to be; None: there is none."""
    with transaction.atomic():
        found = list(rows().filter(message_id=message_id).order_by("created_at"))
        if not found or not rows().filter(pk__in=[row.pk for row in found]).delete()[0]:
            return None
    return bytes(found[-1].payload)


def _key(message: Message[Any], is_again: bool) -> uuid.UUID:
    return uuid.uuid4() if is_again else key_of(message.message_id)


def _store(sendables: list[Sendable]) -> StoredMessages:
    stored = StoredMessages(sendables)
    new = [_row_of(each) for each in sendables]
    # A savepoint would be of no use: where the rows can't be written, nothing around should be.
    with transaction.atomic(savepoint=False):
        # An id is one message: what is stored under it already stays as it is.
        rows().bulk_create(new, batch_size=MOST_AT_ONCE, ignore_conflicts=True)
        transaction.on_commit(stored.send, robust=True)
    return stored


def _kept(sendables: Sequence[Sendable]) -> Sequence[Sendable]:
    """Return those that the commit has kept.

    Rolling back a savepoint of one's own takes the row, but not the callback: Django knows only
    those of `atomic()`. Where the connection never had any, nobody needs to look.
    """
    if not transaction.get_connection().savepoint_state:
        return sendables
    keys = [each.key for each in sendables]
    found = set(rows().filter(pk__in=keys).values_list("pk", flat=True))
    return [each for each in sendables if each.key in found]


def _row_of(sendable: Sendable) -> Any:
    message = sendable.message
    return rows().model(
        id=sendable.key,
        message_id=message.message_id,
        actor_name=message.actor_name,
        queue_name=message.queue_name,
        payload=message.encode(),
        due_at=sendable.due_at,
    )
