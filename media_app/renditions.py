"""Makes the renditions of an asset, and begins, ends and removes what belongs to it. Idempotent."""

from __future__ import annotations

from typing import BinaryIO, cast
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from media_app import imaging
from media_app.models import Asset, Original, Rendition
from media_app.presets import rendition_name


def make_all(asset_id: UUID) -> list[str]:
    """Make every rendition of an asset, mark it ready and return the files' names.

    An asset that was deleted meanwhile, or is complete, has nothing to make: an empty list.

    Raises:
        PermanentFailure: The original can't be decoded.
    """
    asset = Asset.objects.select_related("original").filter(pk=asset_id, complete=False).first()
    if asset is None:
        return []
    with default_storage.open(asset.original.name) as file:
        developed = list(imaging.develop(cast(BinaryIO, file)))
    with transaction.atomic():
        if not _lock(asset):
            return []
        names = [_keep(asset, picture) for picture in developed]
        _end(asset.pk, Asset.State.READY, complete=True)
    return names


def mark_failed(asset_id: UUID, reason: str) -> bool:
    """End an asset that develops as failed, for a reason that its owner reads."""
    return _end(asset_id, Asset.State.FAILED, reason=reason)


def mark_developing(asset_id: UUID) -> bool:
    """Begin a failed asset anew; return whether it was a failed one."""
    failed = Asset.objects.filter(pk=asset_id, state=Asset.State.FAILED)
    return bool(failed.update(state=Asset.State.DEVELOPING, reason="", developed_at=None))


def purge(digest: str) -> bool:
    """Remove a content that no asset shows any more, with its files; return whether it went.

    Runs after an asset's deletion has committed. The row goes with the transaction, after the
    files: another run finishes what a crash left.
    """
    with transaction.atomic():
        original = Original.objects.select_for_update().filter(pk=digest).first()
        if original is None or original.assets.exists():
            return False
        # The folder of the renditions goes last, empty.
        names = [original.name, *_rendition_files(digest), digest]
        original.delete()
        for name in names:
            default_storage.delete(name)
    return True


def _lock(asset: Asset) -> bool:
    """Lock the content's files; return whether the asset is still there."""
    locked = Original.objects.select_for_update().filter(pk=asset.original_id)
    return bool(locked) and Asset.objects.filter(pk=asset.pk).exists()


def _keep(asset: Asset, picture: imaging.Developed) -> str:
    name = rendition_name(asset.original_id, picture.preset, picture.format)
    default_storage.save(name, ContentFile(picture.data))
    Rendition.objects.update_or_create(
        asset=asset,
        preset=picture.preset.name,
        format=picture.format.name,
        defaults={
            "width": picture.size.width,
            "height": picture.size.height,
            "size_bytes": len(picture.data),
            "name": name,
        },
    )
    return name


def _end(asset_id: UUID, state: Asset.State, *, reason: str = "", complete: bool = False) -> bool:
    developing = Asset.objects.filter(pk=asset_id).exclude(state=Asset.State.READY)
    ended = {"state": state, "reason": reason, "complete": complete}
    return bool(developing.update(**ended, developed_at=timezone.now()))


def _rendition_files(digest: str) -> list[str]:
    try:
        return [f"{digest}/{name}" for name in default_storage.listdir(digest)[1]]
    except FileNotFoundError:
        return []
