"""What the sweep looks after: rows that only a message of ours can finish."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from actors import sweeping
from actors.emailing import MAIL_ACTORS, close_batch
from actors.resizing import next_actor
from media_app.models import Asset, Batch, Notice


def register() -> None:
    """Have the sweep send again what is lost of images, mails and batches."""
    for name, rows in (("images", _developing), ("unfinished images", _unfinished)):
        sweeping.register(
            name, rows=rows, message=lambda asset: next_actor(asset).message(str(asset.pk))
        )
    sweeping.register(
        "mails",
        rows=_unsent,
        message=lambda notice: MAIL_ACTORS[Notice.Kind(notice.kind)].message(notice.pk),
    )
    sweeping.register(
        "batches",
        rows=_open,
        message=lambda batch: close_batch.message(batch.pk),
        order_by="last_upload_at",
    )


def _developing(before: datetime) -> QuerySet[Asset]:
    return Asset.objects.filter(state=Asset.State.DEVELOPING, created_at__lt=before)


def _unfinished(before: datetime) -> QuerySet[Asset]:
    """Return those that are ready and wait for their AVIF files or crops."""
    ready = Asset.objects.filter(state=Asset.State.READY, complete=False, reason="")
    return ready.filter(created_at__lt=before)


def _unsent(before: datetime) -> QuerySet[Notice]:
    """Return those that wait, and those whose claim ran out: a worker died while it sent them."""
    left = before - timedelta(seconds=settings.MAIL_LEASE_S)
    begun = Q(state=Notice.State.SENDING, claimed_at__lt=left)
    return Notice.objects.filter(Q(state=Notice.State.QUEUED) | begun, created_at__lt=before)


def _open(before: datetime) -> QuerySet[Batch]:
    return Batch.objects.filter(closed_at=None, last_upload_at__lt=before)
