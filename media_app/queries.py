"""Reads for views: images as the API shows them.

Synchronous, with an `a`-twin for each that a view calls.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Q, QuerySet

from media_app.addresses import original_path, rendition_path
from media_app.developing import presets
from media_app.models import Asset, Rendition

#: Images in one page of a list: at most, and unless told.
PAGE_MAX = 100
PAGE_DEFAULT = 24


class BadCursor(ValueError):
    """A cursor that no list has given out."""


def image_json(asset: Asset) -> dict[str, Any]:
    """Return an image as the API and the event stream show it."""
    return {
        "id": str(asset.pk),
        "state": asset.state,
        "complete": asset.complete,
        "reason": asset.reason or None,
        "note": asset.note or None,
        "url": f"/api/images/{asset.pk}",
        "original_url": original_path(asset.pk),
        "file_name": asset.file_name,
        "batch": str(asset.batch) if asset.batch else None,
        "width": asset.width,
        "height": asset.height,
        "focal_point": {"x": asset.focal_x, "y": asset.focal_y},
        "colour": asset.colour or None,
        "thumb_hash": asset.thumb_hash or None,
        "placeholder": asset.placeholder or None,
        "created_at": asset.created_at.isoformat(),
        "renditions": _renditions_json(asset),
    }


def get_image(owner_id: int, asset_id: UUID) -> dict[str, Any] | None:
    """Return one image of its owner, or None: not there and not theirs look the same."""
    asset = _of_owner(owner_id).filter(pk=asset_id).first()
    return image_json(asset) if asset else None


def list_images(
    owner_id: int, *, limit: int = PAGE_DEFAULT, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the owner's images, newest first, and the cursor of the next or None.

    Raises:
        BadCursor: `cursor` is none that a page has given.
    """
    assets = _of_owner(owner_id).order_by("-created_at", "-id")
    if cursor:
        created_at, asset_id = _decode_cursor(cursor)
        older = Q(created_at__lt=created_at) | Q(created_at=created_at, id__lt=asset_id)
        assets = assets.filter(older)
    found = list(assets[: min(limit, PAGE_MAX) + 1])
    page = found[: min(limit, PAGE_MAX)]
    return {
        "images": [image_json(asset) for asset in page],
        "next_cursor": _encode_cursor(page[-1]) if len(found) > len(page) else None,
    }


aget_image = sync_to_async(get_image)
alist_images = sync_to_async(list_images)


def image_for_event(asset_id: UUID) -> tuple[int, dict[str, Any]] | None:
    """Return an image with its owner's id, to tell the owner of it, or None where it is gone."""
    asset = Asset.objects.prefetch_related("renditions").filter(pk=asset_id).first()
    return (asset.owner_id, image_json(asset)) if asset else None


def _of_owner(owner_id: int) -> QuerySet[Asset]:
    return Asset.objects.filter(owner_id=owner_id).prefetch_related("renditions")


def _renditions_json(asset: Asset) -> list[dict[str, Any]]:
    crops = {preset.name for preset in presets() if preset.ratio}
    made = sorted(asset.renditions.all(), key=lambda made: (made.width, made.pk))
    return [_rendition_json(each) | {"crop": each.preset in crops} for each in made]


def _rendition_json(rendition: Rendition) -> dict[str, Any]:
    return {
        "preset": rendition.preset,
        "format": rendition.format,
        "width": rendition.width,
        "height": rendition.height,
        "bytes": rendition.size_bytes,
        "url": rendition_path(rendition),
    }


def _encode_cursor(asset: Asset) -> str:
    text = f"{asset.created_at.isoformat()} {asset.pk.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        created_at, asset_id = base64.urlsafe_b64decode(cursor).decode().split(" ")
        return datetime.fromisoformat(created_at), UUID(asset_id)
    except (binascii.Error, ValueError) as error:
        raise BadCursor(cursor) from error
