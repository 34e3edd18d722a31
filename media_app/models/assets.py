"""Assets, the original that their content is, and the renditions made from it."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from media_app.geometry import Focal
from media_app.models.people import User


class Original(models.Model):
    """One content, stored once however many assets show it; also the lock around its files.

    The files of a content are written and removed only while its row is locked, so that an upload
    never meets the removal of the same content half way.
    """

    digest = models.CharField(primary_key=True, max_length=64, editable=False)
    format = models.CharField(max_length=8)
    size_bytes = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return self.digest

    @classmethod
    def lock(cls, digest: str, *, format: str, size_bytes: int) -> Self:
        """Return the row of a content, made where there is none, locked until the transaction ends.

        In one statement: between a look and a lock the content could be purged.
        """
        original = cls(digest=digest, format=format, size_bytes=size_bytes)
        cls.objects.bulk_create(
            [original],
            update_conflicts=True,
            unique_fields=["digest"],
            update_fields=["format", "size_bytes"],
        )
        return original

    @property
    def name(self) -> str:
        """The storage's name of the file."""
        return f"originals/{self.digest[:2]}/{self.digest}"


class Asset(models.Model):
    """An upload of one person. Width and height are pixels as shown, turned upright.

    Where it is ready and yet has a `reason`, that is why it will not become complete.
    """

    class State(models.TextChoices):
        """`developing` always ends as one of the others."""

        DEVELOPING = "developing"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assets")
    original = models.ForeignKey(Original, on_delete=models.PROTECT, related_name="assets")
    file_name = models.CharField(max_length=255)
    batch = models.UUIDField(null=True, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DEVELOPING)
    complete = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    #: What its renditions could not keep, in words: an animation that stands still.
    note = models.TextField(blank=True)
    animated = models.BooleanField(default=False)
    #: What stands in its place until it has loaded: a ThumbHash in base64, the dominant colour as
    #: #rrggbb, and the hash drawn, as a data URI.
    thumb_hash = models.CharField(max_length=40, blank=True)
    colour = models.CharField(max_length=7, blank=True)
    placeholder = models.TextField(blank=True)
    #: What the crops show, as fractions of width and height from the top left.
    focal_x = models.FloatField(default=0.5)
    focal_y = models.FloatField(default=0.5)
    #: Who develops it, and since when: another may after `IMAGE_LEASE_S`.
    claim = models.CharField(max_length=200, blank=True, editable=False)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: The message that develops it; the sweep sends another where none is alive.
    task_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    developed_at = models.DateTimeField(null=True, blank=True)
    #: When a page of the owner's first showed how it ended.
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "-created_at", "-id"], name="asset_of_owner"),
            models.Index(fields=["state", "created_at"], name="asset_by_state"),
            models.Index(fields=["batch", "owner"], name="asset_of_batch"),
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(state="ready", complete=False, reason=""),
                name="asset_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.state})"

    @property
    def focal(self) -> Focal:
        """What the crops show."""
        return Focal(self.focal_x, self.focal_y)


class Rendition(models.Model):
    """A file made from an asset's original by one preset in one format."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="renditions")
    preset = models.CharField(max_length=16)
    format = models.CharField(max_length=8)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    name = models.CharField(max_length=160, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset", "preset", "format"], name="rendition_once"),
        ]

    def __str__(self) -> str:
        return self.name
