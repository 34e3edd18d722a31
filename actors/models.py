"""The rows of `actors`: messages not yet sent, and messages that failed for good."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone


class OutboxMessage(models.Model):
    """A message that was committed and is not yet known to be in Redis. `payload` is its wire form.

    The id is the message's own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    actor_name = models.CharField(max_length=255)
    queue_name = models.CharField(max_length=255)
    payload = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: When it should run, where it was postponed.
    due_at = models.DateTimeField(null=True, blank=True)
    #: Until then another process is sending it.
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["created_at"], name="outbox_by_age")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.id}"


class DeadLetter(models.Model):
    """A message that failed for good, with its traceback. `payload` is its wire form."""

    class State(models.TextChoices):
        """`requeued` says that it was sent again, not how that ended."""

        DEAD = "dead"
        REQUEUED = "requeued"

    id = models.UUIDField(primary_key=True, editable=False)
    actor_name = models.CharField(max_length=255)
    queue_name = models.CharField(max_length=255)
    payload = models.BinaryField()
    error_type = models.CharField(max_length=255)
    error = models.TextField()
    traceback = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.DEAD)
    failed_at = models.DateTimeField(default=timezone.now)
    requeued_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "failed_at"], name="dead_letter_by_age"),
            models.Index(fields=["actor_name", "state", "failed_at"], name="dead_letter_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.id}: {self.error_type}"
