"""Use cases that save and send: both happen, or neither. One synchronous unit of work each."""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from actors.emailing import close_later, send_soon
from actors.resizing import finish_renditions, send_next, tell_owner
from actors.topics import publish
from media_app import batches, imaging, notices, renditions
from media_app.exceptions import EmptyFile, FileTooLarge, UnreadableImage, UnreadableSource
from media_app.geometry import Focal
from media_app.models import Asset, Notice, Original, User

type Upload = File[Any]

#: Characters of a file's name that are kept.
NAME_MAX = 255
#: Bytes hashed at a time; the hash lets other threads run meanwhile.
HASH_CHUNK_BYTES = 1 << 20


def receive(
    file: Upload, *, owner: User, file_name: str | None, batch: UUID | None = None
) -> Asset:
    """Check an upload's header, store it under its content hash and have it developed.

    `batch` names what belongs together among the owner's uploads: they are told of in one mail.

    Raises:
        RejectedUpload: The file is empty, too large, no accepted image, or broken.
    """
    name = clean_name(file_name)
    if not file.size:
        raise EmptyFile(file_name=name)
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise FileTooLarge(limit_bytes=settings.UPLOAD_MAX_BYTES)
    source = imaging.inspect(
        cast(BinaryIO, file),
        file_name=name,
        max_pixels=settings.IMAGE_MAX_PIXELS,
        max_side_px=settings.IMAGE_MAX_SIDE_PX,
        memory_bytes=settings.IMAGE_MEMORY_BYTES,
    )
    asset = Asset(owner=owner, file_name=name, batch=batch)
    asset.width, asset.height = source.size.width, source.size.height
    if settings.ORIGINAL_POLICY == "stripped":
        file = _stripped(file, name)
    return _create(asset, file, source.format)


def has_content(file: Upload, *, owner: User) -> bool:
    """Return whether the owner has an asset with the content of a file, as it would be stored.

    Raises:
        RejectedUpload: It can't be stripped, where originals are.
    """
    if settings.ORIGINAL_POLICY == "stripped":
        file = _stripped(file, file.name or "image")
    return Asset.objects.filter(owner=owner, original_id=_digest(file)).exists()


def retry(asset_id: UUID, owner_id: int) -> bool:
    """Develop a failed asset of its owner again; return whether it was a failed one."""
    with transaction.atomic():
        mine = Asset.objects.filter(pk=asset_id, owner_id=owner_id).exists()
        if not (mine and renditions.mark_developing(asset_id)):
            return False
        asset = Asset.objects.get(pk=asset_id)
        send_next(asset)
        asset.save(update_fields=["task_id"])
    return True


def set_focal_point(asset_id: UUID, owner_id: int, focal: Focal) -> bool:
    """Have an asset's crops show another point; return whether the owner has such an asset.

    While it develops, the stage that makes crops will find the point. Afterwards a message makes
    what is missing then, which is the crops.
    """
    with transaction.atomic():
        mine = Asset.objects.select_for_update().filter(pk=asset_id, owner_id=owner_id)
        asset = mine.first()
        if asset is None:
            return False
        if asset.focal == focal:
            return True
        asset.focal_x, asset.focal_y = focal.x, focal.y
        changed = ["focal_x", "focal_y"]
        if asset.state == Asset.State.READY:
            # Somebody looks: before the AVIF files of others.
            sent = finish_renditions.apply_async((str(asset_id),), queue="renditions", priority=50)
            asset.task_id, asset.complete, asset.reason = UUID(sent.id), False, ""
            changed += ["task_id", "complete", "reason"]
        asset.save(update_fields=changed)
        transaction.on_commit(partial(tell_owner, asset_id), robust=True)
    return True


def delete(asset_id: UUID, owner_id: int) -> bool:
    """Delete an asset of its owner. Its files follow where no other shows the same content.

    That is a message's work (`signals.purge_what_is_not_shown`): were it done here, the time of
    the answer would tell whether others have the content.
    """
    asset = Asset.objects.filter(pk=asset_id, owner_id=owner_id).first()
    if asset is None:
        return False
    asset.delete()
    publish(f"user:{owner_id}", "deleted", {"id": str(asset_id)})
    return True


def request_password_reset(email: str) -> None:
    """Send a link to a new password, where an active user has this address. Says nothing else."""
    with transaction.atomic():
        user = User.objects.filter(
            email=User.objects.normalize_email(email), is_active=True
        ).first()
        if user is None or not user.has_usable_password():
            return
        if notice := notices.queue(Notice.Kind.PASSWORD_RESET, user, batch=uuid.uuid4()):
            send_soon(notice)


areceive = sync_to_async(receive)
aretry = sync_to_async(retry)
aset_focal_point = sync_to_async(set_focal_point)
adelete = sync_to_async(delete)
arequest_password_reset = sync_to_async(request_password_reset)


def clean_name(file_name: str | None) -> str:
    """Return the last part of a path that a client sent, without control characters."""
    last = PurePosixPath((file_name or "").replace("\\", "/")).name
    shown = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return shown.strip(" .")[-NAME_MAX:] or "image"


def _create(asset: Asset, file: Upload, format: str) -> Asset:
    """Save an asset and its file. The file also where it is there: who sends it must not notice."""
    with transaction.atomic():
        asset.original = Original.lock(_digest(file), format=format, size_bytes=file.size or 0)
        default_storage.save(asset.original.name, file)
        send_next(asset)
        # Last: parallel uploads of one batch wait for each other from here on.
        batch, is_new = batches.join(asset.owner, asset.batch)
        asset.batch = batch.key
        asset.save(force_insert=True)
        if is_new:
            close_later(batch, settings.BATCH_QUIET_S)
    return asset


def _stripped(file: Upload, name: str) -> Upload:
    """Return the file without its metadata. Reads all of it, at most `UPLOAD_MAX_BYTES`."""
    file.seek(0)
    try:
        return SimpleUploadedFile(name, imaging.stripped(file.read()))
    except UnreadableSource as error:
        raise UnreadableImage(file_name=name) from error


def _digest(file: Upload) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks(HASH_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
