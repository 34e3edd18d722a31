"""Batches: gathered while uploads come, closed when all have ended and nothing came for a while."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from media_app import mails, notices
from media_app.exceptions import BatchOpen
from media_app.models import Asset, Batch, Notice, User

#: Part of the quiet time after which a batch is looked at again whose pictures still develop.
LOOK_AGAIN = 1 / 6
_ENDED = (Asset.State.READY, Asset.State.FAILED)


def join(owner: User, given: UUID | None) -> tuple[Batch, bool]:
    """Return the batch that an upload of now belongs to, and whether it is new.

    `given` is the uploader's own name for it. Without one, all that come without a quiet time
    between them are one batch.
    """
    mine = Batch.objects.filter(owner=owner)
    mine = mine.filter(key=given) if given else mine.filter(is_given=False, closed_at=None)
    new = {"key": given or uuid.uuid4(), "is_given": given is not None}
    while True:
        now = timezone.now()
        mine.filter(closed_at=None).update(last_upload_at=now)
        if found := mine.first():
            return found, False
        try:
            with transaction.atomic():
                return Batch.objects.create(owner=owner, last_upload_at=now, **new), True
        except IntegrityError:  # another upload of the same moment made it
            continue


def close(batch_id: int) -> Notice | None:
    """Close a batch whose time has come; return the mail to send, where one is to be sent.

    Raises:
        BatchOpen: Its time has not come; `retry_in_s` is when to look again.
    """
    batch = Batch.objects.select_related("owner").filter(pk=batch_id, closed_at=None).first()
    if batch is None:
        return None
    now = timezone.now()
    left_s = settings.BATCH_QUIET_S - (now - batch.last_upload_at).total_seconds()
    pictures = mails.of_batch(batch.owner_id, batch.key)
    if left_s <= 0 and pictures.filter(state=Asset.State.DEVELOPING).exists():
        left_s = settings.BATCH_QUIET_S * LOOK_AGAIN
    unchanged = Batch.objects.filter(pk=batch.pk, closed_at=None)
    unchanged = unchanged.filter(last_upload_at=batch.last_upload_at)
    if left_s > 0 or not unchanged.update(closed_at=now):
        raise BatchOpen(batch_id=batch_id, retry_in_s=max(left_s, 0.1))
    if not pictures.filter(seen_at=None).exists():
        return None
    return notices.queue(Notice.Kind.IMAGES_READY, batch.owner, batch=batch.key)


def mark_seen(owner_id: int, asset_ids: Collection[UUID]) -> int:
    """Note that a page of the owner's has shown how these ended; return how many are news.

    Those that still develop are left out.
    """
    shown = Asset.objects.filter(owner_id=owner_id, pk__in=asset_ids, state__in=_ENDED)
    news = list(shown.filter(seen_at=None).values_list("pk", flat=True))
    # Asked first: on SQLite even an update of nothing waits for the one writer.
    return Asset.objects.filter(pk__in=news).update(seen_at=timezone.now()) if news else 0


amark_seen = sync_to_async(mark_seen)
