"""Use cases that save and send: both happen, or neither. One synchronous unit of work each."""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from actors.emailing import close_later, send_soon
from actors.resizing import make_renditions
from actors.topics import publish
from media_app import batches, imaging, notices, renditions
from media_app.exceptions import EmptyFile, FileTooLarge
from media_app.models import Asset, Notice, Original, User

type Upload = UploadedFile[Any]

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
    return _create(asset, file, source.format)


def retry(asset_id: UUID, owner_id: int) -> bool:
    """Develop a failed asset of its owner again; return whether it was a failed one."""
    with transaction.atomic():
        mine = Asset.objects.filter(pk=asset_id, owner_id=owner_id).exists()
        if not (mine and renditions.mark_developing(asset_id)):
            return False
        sent = make_renditions.delay_on_commit(str(asset_id))
        Asset.objects.filter(pk=asset_id).update(task_id=sent.id)
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
        asset.task_id = UUID(make_renditions.delay_on_commit(str(asset.pk)).id)
        # Last: parallel uploads of one batch wait for each other from here on.
        batch, is_new = batches.join(asset.owner, asset.batch)
        asset.batch = batch.key
        asset.save(force_insert=True)
        if is_new:
            close_later(batch, settings.BATCH_QUIET_S)
    return asset


def _digest(file: Upload) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks(HASH_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
