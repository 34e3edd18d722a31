"""Batches: what one person uploads together, and is told of in one mail."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from media_app.models.people import User


class Batch(models.Model):
    """The uploads of one drop, or of one quiet minute. Open until all of them have ended.

    `key` is what its assets name as their batch. An uploading page or API client chooses it; where
    none did (`is_given` is false) it is ours, and a person has one such open at a time.
    """

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="batches")
    key = models.UUIDField()
    is_given = models.BooleanField()
    last_upload_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    #: The message that will close it; the sweep sends another where none is alive.
    task_id = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "batches"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], name="batch_once"),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(closed_at=None, is_given=False),
                name="batch_open_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["last_upload_at"], condition=Q(closed_at=None), name="batch_open"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.owner_id}"
