"""Notices: one row for each mail to each person, so that a mail leaves once."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from media_app.models.people import User


class Notice(models.Model):
    """One mail to one person. `queued -> sending -> sent`, or an end that a person can look at.

    `sending` is committed before the SMTP dialogue. A row still in it when its claim has run out
    belongs to a worker that died, and nobody knows whether its mail left.
    """

    class Kind(models.TextChoices):
        """What the mail is about."""

        WELCOME = "welcome"
        IMAGES_READY = "images_ready"
        PASSWORD_RESET = "password_reset"

    class State(models.TextChoices):
        """Where the mail stands; what each means is in docs/reference.md."""

        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown"
        SKIPPED = "skipped"

    kind = models.CharField(max_length=16, choices=Kind)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    batch = models.UUIDField(default=uuid.UUID(int=0), editable=False)
    message_id = models.CharField(max_length=255, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    #: The message that sends it; the sweep sends another where none is alive.
    task_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: When it last became `sending`, and by which try: only that one says how it ended.
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "user", "batch"], name="notice_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "created_at"], name="notice_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id}: {self.state}"
