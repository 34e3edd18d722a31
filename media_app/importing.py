"""Use cases of the command line: pictures that lie on this machine, and recipes that changed.

Each picture is a transaction of its own: whoever stops in between loses nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Q, QuerySet

from actors.resizing import send_next
from media_app import ingest
from media_app.exceptions import RejectedUpload, UnsupportedType
from media_app.lacking import lacking, wanted
from media_app.models import Asset, User

#: Assets that are looked at in one step.
PAGE = 200

#: Ready pictures on which nothing works: complete, or given up with a reason.
ENDED = Q(complete=True) | ~Q(reason="")


class Outcome(StrEnum):
    """What became of a file or an asset."""

    TAKEN = "taken"
    THERE = "there"
    NO_PICTURE = "no picture"
    REFUSED = "refused"


@dataclass(frozen=True)
class Account:
    """What became of one file; `reason` where it was not taken."""

    outcome: Outcome
    reason: str = ""


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named, and all in the folders that are, in order; hidden ones left out.

    Links to folders are not followed.
    """
    for path in paths:
        if not path.is_dir():
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def take_in(path: Path, *, owner: User, batch: UUID) -> Account:
    """Take a file in as if its owner had uploaded it, unless they have its content already."""
    try:
        with path.open("rb") as opened:
            file = File(opened, name=path.name)
            if ingest.has_content(file, owner=owner):
                return Account(Outcome.THERE)
            ingest.receive(file, owner=owner, file_name=path.name, batch=batch)
    except UnsupportedType as refusal:
        return Account(Outcome.NO_PICTURE, refusal.detail)
    except RejectedUpload as refusal:
        return Account(Outcome.REFUSED, refusal.detail)
    except OSError as error:
        return Account(Outcome.REFUSED, f"{path.name} can't be read: {error.strerror or error}.")
    return Account(Outcome.TAKEN)


def to_look_at(since: datetime | None) -> QuerySet[Asset]:
    """The assets that may have to be made again: all that are ready, and that no message awaits."""
    ended = Asset.objects.filter(ENDED, state=Asset.State.READY)
    return ended.filter(created_at__gte=since) if since else ended


def remake(since: datetime | None, preset: str | None = None) -> Iterator[bool]:
    """Send again those whose files are by old recipes; tell of each whether it was sent.

    What is shown stays until what replaces it is there. With `preset`, only those that lack a
    file of that one; they get all that they lack.
    """
    last: UUID | None = None
    while True:
        page = to_look_at(since).order_by("pk")
        found = list((page.filter(pk__gt=last) if last else page)[:PAGE])
        for asset in found:
            yield _remade(asset, preset)
        if len(found) < PAGE:
            return
        last = found[-1].pk


def _remade(asset: Asset, preset: str | None) -> bool:
    names = {recipe.preset.name for recipe in lacking(asset)}
    known = {(recipe.preset.name, recipe.format.name) for recipe in wanted(asset)}
    has_old = any(row not in known for row in asset.renditions.values_list("preset", "format"))
    is_due = preset in names if preset else bool(names) or has_old or not asset.thumb_hash
    if not is_due:
        return False
    with transaction.atomic():
        as_seen = Asset.objects.filter(ENDED, pk=asset.pk)
        if not as_seen.update(complete=False, reason=""):
            return False
        send_next(asset)
        Asset.objects.filter(pk=asset.pk).update(task_id=asset.task_id)
    return True
