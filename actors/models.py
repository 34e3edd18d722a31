"""The rows of `actors`: messages not yet sent, messages that failed for good, leases."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone


class OutboxMessage(models.Model):
    """A message that was committed and is not yet known to be in Redis. `payload` is its wire form.

    The id is the key of this send: Redis remembers it, and drops it the second time. A message that
    is requeued keeps its own id, and is sent under another key.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message_id = models.CharField(max_length=255)
    actor_name = models.CharField(max_length=255)
    queue_name = models.CharField(max_length=255)
    payload = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: When it should run, where it was postponed.
    due_at = models.DateTimeField(null=True, blank=True)
    #: Until then another process is sending it.
    claimed_until = models.DateTimeField(null=True, blank=True)
    #: Why it can't be sent, in words; the relay leaves such a row to a person.
    problem = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="outbox_by_age"),
            models.Index(fields=["message_id"], name="outbox_by_message"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.message_id}"


class DeadLetter(models.Model):
    """A message that failed for good. `payload` is its wire form: the very bytes that Redis had.

    `id` is the message's own, whatever its sender made of it; of one over 200 characters, a digest.
    `tries` are its last ten attempts, the oldest first: `attempt`, `worker`, `started` and `ended`
    (ms since 1970), `type`, `msg` and `traceback`, each where it is known.
    """

    class State(models.TextChoices):
        """`requeued` says that it was sent again, not how that ended."""

        DEAD = "dead"
        REQUEUED = "requeued"

    class Cause(models.TextChoices):
        """Why it is not tried again by itself."""

        EXHAUSTED = "exhausted"
        PERMANENT = "permanent"
        WORKER_DIED = "worker died"
        EXPIRED = "expired"
        UNKNOWN_ACTOR = "unknown actor"
        UNDECODABLE = "undecodable"

    #: Characters of an id, and of the arguments as text.
    ID_LENGTH = 200
    ARGUMENTS_LENGTH = 500

    id = models.CharField(primary_key=True, max_length=ID_LENGTH, editable=False)
    actor_name = models.CharField(max_length=255)
    queue_name = models.CharField(max_length=255)
    cause = models.CharField(max_length=13, choices=Cause, default=Cause.EXHAUSTED)
    state = models.CharField(max_length=8, choices=State, default=State.DEAD)
    #: As a call shows them, in JSON: `4, size="big"`. To read; what is sent again is the payload.
    arguments = models.CharField(max_length=ARGUMENTS_LENGTH, default="", blank=True)
    error_type = models.CharField(max_length=255)
    error = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    sent_at = models.DateTimeField(null=True, blank=True)
    #: When its first attempt began, as far as that is known.
    first_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(default=timezone.now)
    requeued_at = models.DateTimeField(null=True, blank=True)
    traceback = models.TextField(blank=True)
    tries = models.JSONField(default=list, blank=True)
    payload = models.BinaryField()

    class Meta:
        default_permissions = ("view",)
        permissions: ClassVar = [
            ("requeue_deadletter", "Can send dead letters again"),
            ("discard_deadletter", "Can discard dead letters"),
        ]
        # Each filter has one that also gives the order of lists: failed_at, then id.
        indexes: ClassVar = [
            models.Index(fields=["state", "failed_at", "id"], name="dead_letter_by_age"),
            models.Index(
                fields=["state", "actor_name", "failed_at", "id"], name="dead_letter_by_actor"
            ),
            models.Index(
                fields=["state", "queue_name", "failed_at", "id"], name="dead_letter_by_queue"
            ),
            models.Index(fields=["state", "cause", "failed_at", "id"], name="dead_letter_by_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.id}: {self.error_type}"


class DeadLetterAction(models.Model):
    """What a person did with dead letters: who, what, when, which and how many."""

    class Action(models.TextChoices):
        """What it was."""

        REQUEUE = "requeue"
        EDIT = "edit and requeue"
        DISCARD = "discard"

    #: Ids named in a row.
    MOST_IDS = 100

    at = models.DateTimeField(default=timezone.now, db_index=True)
    #: A login of the site, or of the machine for a command.
    who = models.CharField(max_length=255)
    action = models.CharField(max_length=16, choices=Action)
    #: The filters, in words.
    selection = models.TextField()
    count = models.PositiveIntegerField(default=0)
    #: The first of them.
    letter_ids = models.JSONField(default=list)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who}: {self.action} {self.count}"


class Lease(models.Model):
    """Work that one process of all does at a time. `until` is the database's own time."""

    name = models.CharField(primary_key=True, max_length=64)
    holder = models.CharField(max_length=64)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder} until {self.until}"
