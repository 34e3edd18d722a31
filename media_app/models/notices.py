"""Notices: one row for each mail to each person, so that a mail leaves once."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from media_app.models.people import User


class Notice(models.Model):
    """One mail to one person. `queued -> sending -> sent`, or an end that a person can look at.

    `sending` is committed before the SMTP dialogue: a row found in it belongs to a worker that
    died, and nobody knows whether its mail left.
    """

    class Kind(models.TextChoices):
        """What the mail is about."""

        WELCOME = "welcome"
        PASSWORD_RESET = "password_reset"

    class State(models.TextChoices):
        """Where the mail stands."""

        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown"

    kind = models.CharField(max_length=16, choices=Kind)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    batch = models.UUIDField(default=uuid.UUID(int=0), editable=False)
    message_id = models.CharField(max_length=255, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "user", "batch"], name="notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id}: {self.state}"
