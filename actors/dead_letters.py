"""Sends dead letters again, for a person who asks for it."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import transaction
from django.utils import timezone
from dramatiq import Message

from actors import outbox
from actors.models import DeadLetter
from actors.signals import requeued

#: What earlier attempts left in a message; with it, a requeued one would fail at its first error.
_OF_EARLIER_ATTEMPTS = frozenset(
    {"retries", "traceback", "requeue_timestamp", "eta", "redis_message_id"}
)


def requeue(letter: DeadLetter) -> outbox.StoredMessages | None:
    """Send a dead letter again, under its own id, as if never tried; durable.

    Returns what was stored and perhaps sent already, or None where somebody else was first.
    """
    message = _as_new(Message.decode(bytes(letter.payload)))
    with transaction.atomic():
        dead = DeadLetter.objects.filter(pk=letter.pk, state=DeadLetter.State.DEAD)
        if not dead.update(state=DeadLetter.State.REQUEUED, requeued_at=timezone.now()):
            return None
        requeued.send(None, message=message)
        return outbox.store(message, due_at=None)


def _as_new(message: Message[Any]) -> Message[Any]:
    kept = {k: v for k, v in message.options.items() if k not in _OF_EARLIER_ATTEMPTS}
    queue_name = message.queue_name.removesuffix(".DQ")
    return dataclasses.replace(message, queue_name=queue_name, options=kept)
