"""Who develops an asset: one at a time, by compare-and-set, and never for longer than a lease.

What two would make is the same. The claim spares the work, and tells a picture's stages apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from media_app.exceptions import AssetClaimed
from media_app.models import Asset

#: Seconds until one that is claimed is looked at again.
LOOK_AGAIN_S = 2.0


@contextmanager
def claimed(asset_id: UUID, by: str) -> Iterator[Asset | None]:
    """An asset for `by` to develop; None: it was deleted meanwhile, or lacks nothing.

    `by` takes over what it has claimed itself: a message comes a second time only when its first
    worker is gone. Whoever keeps what was made gives the claim up with it; an error does, too.

    Raises:
        AssetClaimed: Another has it.
    """
    now = timezone.now()
    over = Q(claimed_at__lt=now - timedelta(seconds=settings.IMAGE_LEASE_S))
    unfinished = Asset.objects.filter(pk=asset_id, complete=False)
    free = unfinished.filter(Q(claim="") | Q(claim=by) | over)
    if not free.update(claim=by, claimed_at=now):
        if unfinished.exists():
            raise AssetClaimed(asset_id=asset_id, retry_in_s=LOOK_AGAIN_S)
        yield None
        return
    try:
        yield Asset.objects.select_related("original").filter(pk=asset_id).first()
    except BaseException:
        Asset.objects.filter(pk=asset_id, claim=by).update(claim="")
        raise
