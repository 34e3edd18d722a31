"""Writes dead letters: messages that failed for good, kept in the database with their traceback."""

from __future__ import annotations

import uuid
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from dramatiq.broker import MessageProxy

from actors.failures import text_of, traceback_of
from actors.signals import dead_lettered
from actors.worker.deliveries import Delivery


def bury(proxy: MessageProxy) -> None:
    """Write the row of a message that failed for good. Idempotent: its id is the message's."""
    error = proxy._exception or RuntimeError("It failed without an exception.")
    with transaction.atomic():
        _rows().update_or_create(
            id=uuid.UUID(proxy.message_id),
            defaults={
                "actor_name": proxy.actor_name,
                "queue_name": proxy.queue_name.removesuffix(".DQ"),
                "payload": proxy._message.encode(),
                "error_type": type(error).__name__[:255],
                "error": text_of(error),
                "traceback": traceback_of(error),
                "attempts": proxy.attempts if isinstance(proxy, Delivery) else 1,
                "state": "dead",
                "failed_at": timezone.now(),
                "requeued_at": None,
            },
        )
        dead_lettered.send(None, message=proxy._message, error=error)


def _rows() -> Any:
    # By name, as in the outbox: the middleware is built before Django has loaded its models.
    return apps.get_model("actors", "DeadLetter").objects
