"""Makes the renditions of an asset, stage by stage, and begins and ends its development.

Idempotent: what is there by the recipes of now is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from uuid import UUID, uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from media_app import contents, developing, imaging, lacking, sharing
from media_app.claims import claimed
from media_app.models import Asset, Rendition
from media_app.presets import Stage

type Then = Callable[[Asset], None]


def make_all(asset_id: UUID) -> list[str]:
    """Make every rendition that an asset lacks, here and now; return the files' names.

    Raises:
        AssetClaimed, PermanentFailure, TransientFailure: As `make`.
    """
    return make(asset_id, tuple(Stage), by=str(uuid4()))


def make(
    asset_id: UUID, stages: Collection[Stage], *, by: str, then: Then = lambda asset: None
) -> list[str]:
    """Make what an asset lacks of some stages, and return the files' names.

    An asset that was deleted meanwhile, or is complete, has nothing to make: an empty list.
    `then` is called in the transaction that keeps what was made, with the asset as it will be
    saved.

    Raises:
        AssetClaimed: Another develops it.
        PermanentFailure: The original can't be decoded.
        TransientFailure: The process that decoded it was ended, or big pictures had all room.
    """
    with claimed(asset_id, by) as asset:
        if asset is None:
            return []
        to_make = [s for s in Stage if s in stages and s in lacking.stages_lacking(asset)]
        twin = sharing.twin_of(asset) if to_make else None
        made = None
        if to_make and not twin:
            made = developing.develop(asset.original, to_make, asset.focal)
        with transaction.atomic():
            return _keep(asset, made, twin, then)


def mark_failed(asset_id: UUID, reason: str) -> bool:
    """End an asset for a reason that its owner reads: as failed, or ready and never complete."""
    asset = Asset.objects.filter(pk=asset_id)
    if asset.filter(state=Asset.State.READY, complete=False).update(reason=reason, claim=""):
        return True
    ended = {"state": Asset.State.FAILED, "reason": reason, "developed_at": timezone.now()}
    return bool(asset.exclude(state=Asset.State.READY).update(**ended, claim=""))


def mark_developing(asset_id: UUID) -> bool:
    """Begin anew what has failed, all of it or its last stage; return whether there is any."""
    asset = Asset.objects.filter(pk=asset_id)
    begun = {"state": Asset.State.DEVELOPING, "reason": "", "developed_at": None, "seen_at": None}
    if asset.filter(state=Asset.State.FAILED).update(**begun):
        return True
    ready = asset.filter(~Q(reason=""), state=Asset.State.READY, complete=False)
    return bool(ready.update(reason=""))


def _keep(
    asset: Asset, made: imaging.Development | None, twin: Asset | None, then: Then
) -> list[str]:
    """Keep files and rows, note how far the asset is now, and give up the claim."""
    if not contents.lock(asset.original_id):
        return []
    now = Asset.objects.select_for_update().filter(pk=asset.pk).first()
    if now is None:
        return []
    rows = sharing.rows_of(twin, now) if twin else []
    if made:
        rows = [_saved(now, picture) for picture in made.renditions]
        _describe(now, made)
    old = dict(now.renditions.values_list("pk", "name"))
    Rendition.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["asset", "preset", "format"],
        update_fields=["width", "height", "size_bytes", "name"],
    )
    _advance(now)
    now.claim = ""
    then(now)
    now.save()
    gone = set(old.values()) - set(now.renditions.values_list("name", flat=True))
    if gone:
        transaction.on_commit(partial(contents.drop, now.original_id, gone), robust=True)
    return [row.name for row in rows]


def _saved(asset: Asset, picture: imaging.Developed) -> Rendition:
    name = picture.recipe.file_name(asset.original_id)
    default_storage.save(name, ContentFile(picture.data))
    return Rendition(
        asset=asset,
        preset=picture.recipe.preset.name,
        format=picture.recipe.format.name,
        width=picture.size.width,
        height=picture.size.height,
        size_bytes=len(picture.data),
        name=name,
    )


def _describe(asset: Asset, made: imaging.Development) -> None:
    """Note what the first stages tell; the last may have seen pixels only, not the original."""
    if any(picture.recipe.stage in lacking.FOR_READY for picture in made.renditions):
        asset.animated, asset.note = made.animated, made.note
    if made.thumb_hash and made.colour:
        sharing.set_placeholder(asset, made.thumb_hash, made.colour)


def _advance(asset: Asset) -> None:
    """Note whether it is ready now, and complete; what no preset stands behind goes."""
    left = lacking.stages_lacking(asset)
    if not left & lacking.FOR_READY and asset.state != Asset.State.READY:
        asset.state, asset.reason = Asset.State.READY, ""
        asset.developed_at = timezone.now()
    asset.complete = not left
    if asset.complete:
        asset.reason = ""
        old = lacking.surplus(asset, lacking.wanted(asset))
        asset.renditions.filter(pk__in=old).delete()
