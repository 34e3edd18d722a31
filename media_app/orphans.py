"""Finds and removes what nothing names any more: contents that no asset shows, files without a row.

Rows go last and files come first, so a crash leaves these behind and never a row without its file.
Runs beside uploads and workers, in steps.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from media_app import contents
from media_app.models import Asset, Original, Rendition

#: What is younger may be somebody's work that has not committed.
MIN_AGE = timedelta(hours=1)

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Step:
    """What a step did: files removed, and where the next goes on; None: all has been looked at."""

    removed: int
    after: str | None


def purge_orphans(limit: int = 100, *, after: str = "") -> Step:
    """Look at up to `limit` contents, in order from behind `after`; remove what nothing names."""
    unused = Original.objects.filter(assets=None, pk__gt=after).order_by("pk")[:limit]
    found = {*unused.values_list("pk", flat=True), *islice(_stored(after), limit)}
    digests = sorted(found)[:limit]
    removed = sum(map(_purge, digests))
    return Step(removed, digests[-1] if len(digests) == limit else None)


def purge_uploads(limit: int = 100) -> int:
    """Remove up to `limit` files of uploads whose process died; return how many."""
    youngest = time.time() - MIN_AGE.total_seconds()
    with os.scandir(settings.FILE_UPLOAD_TEMP_DIR) as files:
        old = (one.path for one in files if one.is_file() and one.stat().st_mtime < youngest)
        paths = list(islice(old, limit))
    for path in paths:
        os.unlink(path)
    return len(paths)


def _purge(digest: str) -> int:
    """Remove the files of one content that nothing names; return how many."""
    files = _files_of(digest)
    is_used = Asset.objects.filter(original_id=digest).exists()
    if any(map(_is_young, files)) or (is_used and not _unnamed(digest, files)):
        return 0
    with transaction.atomic():
        # The row is the lock around the files: for those without one it is made, to go with them.
        made = Original(digest=digest, format="", size_bytes=0)
        Original.objects.bulk_create([made], ignore_conflicts=True)
        gone = files if contents.purge(digest) else _unnamed(digest, files)
        for name in gone:
            default_storage.delete(name)
    return len(gone)


def _unnamed(digest: str, files: list[str]) -> list[str]:
    """Return the files of a content in use that no row names: old recipes, halves of files."""
    named = {Original(digest=digest).name}
    named.update(Rendition.objects.filter(name__in=files).values_list("name", flat=True))
    return [name for name in files if name not in named]


def _files_of(digest: str) -> list[str]:
    shard = f"originals/{digest[:2]}"
    originals = [f"{shard}/{name}" for name in _list(shard)[1] if name.startswith(digest)]
    return originals + [f"{digest}/{name}" for name in _list(digest)[1]]


def _is_young(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) > timezone.now() - MIN_AGE
    except FileNotFoundError:
        return True


def _stored(after: str) -> Iterator[str]:
    """The contents that have files, in order from behind `after`."""
    shards = defaultdict(set, {name: set[str]() for name in _list("originals")[0]})
    for folder in filter(_DIGEST.fullmatch, _list("")[0]):
        shards[folder[:2]].add(folder)
    for shard in sorted(name for name in shards if name >= after[:2]):
        starts = {name[:64] for name in _list(f"originals/{shard}")[1]}
        digests = shards[shard] | set(filter(_DIGEST.fullmatch, starts))
        yield from sorted(digest for digest in digests if digest > after)


def _list(folder: str) -> tuple[list[str], list[str]]:
    """Return the folders and the files in a folder of the storage; none where it is not there."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []
