"""Makes the renditions of an asset, and begins, ends and removes what belongs to it. Idempotent."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from media_app import imaging
from media_app.models import Asset, Original, Rendition

#: Every thread that develops has a child process of its own, which stays warm.
_of_thread = threading.local()


def make_all(asset_id: UUID) -> list[str]:
    """Make every rendition of an asset, mark it ready and return the files' names.

    An asset that was deleted meanwhile, or is complete, has nothing to make: an empty list.

    Raises:
        PermanentFailure: The original can't be decoded.
        TransientFailure: The process that decoded it was ended.
    """
    asset = Asset.objects.select_related("original").filter(pk=asset_id, complete=False).first()
    if asset is None:
        return []
    with _local(asset.original.name) as path:
        made = _made(path, _order())
    with transaction.atomic():
        if not _lock(asset):
            return []
        names = [_keep(asset, picture) for picture in made.renditions]
        _end(asset.pk, Asset.State.READY, complete=True)
    return names


def mark_failed(asset_id: UUID, reason: str) -> bool:
    """End an asset that develops as failed, for a reason that its owner reads."""
    return _end(asset_id, Asset.State.FAILED, reason=reason)


def mark_developing(asset_id: UUID) -> bool:
    """Begin a failed asset anew; return whether it was a failed one."""
    failed = Asset.objects.filter(pk=asset_id, state=Asset.State.FAILED)
    return bool(
        failed.update(state=Asset.State.DEVELOPING, reason="", developed_at=None, seen_at=None)
    )


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


def _made(path: Path, order: imaging.Order) -> imaging.Development:
    """Develop in this thread's child, after a wait for room if the picture is a big one."""
    with path.open("rb") as file:
        needed = imaging.memory_needed(file)
    gate = imaging.Gate(settings.DATA_DIR / "locks", at_once=settings.IMAGE_BIG_AT_ONCE)
    with gate.held(needed):
        return _developer().develop(path, order)


def _developer() -> imaging.Developer:
    if not hasattr(_of_thread, "developer"):
        _of_thread.developer = imaging.Developer(
            memory_bytes=settings.IMAGE_MEMORY_BYTES, deadline_s=settings.IMAGE_DEADLINE_S
        )
    developer: imaging.Developer = _of_thread.developer
    return developer


def _order() -> imaging.Order:
    return imaging.Order(
        table=settings.IMAGE_PRESETS,
        max_pixels=settings.IMAGE_MAX_PIXELS,
        max_side_px=settings.IMAGE_MAX_SIDE_PX,
        max_frames=settings.IMAGE_MAX_FRAMES,
        max_moving_pixels=settings.IMAGE_MAX_MOVING_PIXELS,
        threads=settings.IMAGE_THREADS,
    )


@contextmanager
def _local(name: str) -> Iterator[Path]:
    """A stored file on this machine; copied for the time being where the storage is elsewhere."""
    try:
        path = default_storage.path(name)
    except NotImplementedError:
        with NamedTemporaryFile() as copy, default_storage.open(name) as file:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            yield Path(copy.name)
    else:
        yield Path(path)


def _lock(asset: Asset) -> bool:
    """Lock the content's files; return whether the asset is still there."""
    locked = Original.objects.select_for_update().filter(pk=asset.original_id)
    return bool(locked) and Asset.objects.filter(pk=asset.pk).exists()


def _keep(asset: Asset, picture: imaging.Developed) -> str:
    name = picture.recipe.file_name(asset.original_id)
    default_storage.save(name, ContentFile(picture.data))
    Rendition.objects.update_or_create(
        asset=asset,
        preset=picture.recipe.preset.name,
        format=picture.recipe.format.name,
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
