"""The files of contents: locked, and removed when no row names them any more."""

from __future__ import annotations

from collections.abc import Collection

from django.core.files.storage import default_storage
from django.db import transaction

from media_app import negatives
from media_app.models import Original, Rendition


def lock(digest: str) -> bool:
    """Lock a content's files until the transaction ends; return whether the content is there."""
    return bool(Original.objects.select_for_update().filter(pk=digest))


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
        negatives.discard(digest)
        for name in names:
            default_storage.delete(name)
    return True


def drop(digest: str, names: Collection[str]) -> None:
    """Remove those of a content's files that no row names; once the rows have committed.

    Other assets may show the same content by the same recipe. What a crash leaves, the sweep of
    `orphans` finds.
    """
    with transaction.atomic():
        if lock(digest):
            named = Rendition.objects.filter(name__in=names).values_list("name", flat=True)
            for name in set(names) - set(named):
                default_storage.delete(name)


def _rendition_files(digest: str) -> list[str]:
    try:
        return [f"{digest}/{name}" for name in default_storage.listdir(digest)[1]]
    except FileNotFoundError:
        return []
