"""Reads for views: the rows behind files, for who may see them, and links that open files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.utils import timezone

from media_app import queries
from media_app.addresses import signed_url
from media_app.models import Asset, Rendition


def find_renditions(asset_id: UUID, owner_id: int | None) -> list[Rendition]:
    """Return the renditions of an asset that `owner_id` owns; None: that anybody owns."""
    return list(Rendition.objects.filter(asset__in=_shown_to(owner_id).filter(pk=asset_id)))


def find_original(asset_id: UUID, owner_id: int | None) -> Asset | None:
    """Return an asset that `owner_id` owns, with its original; None: that anybody owns."""
    return _shown_to(owner_id).select_related("original").filter(pk=asset_id).first()


def links_of(owner_id: int, asset_id: UUID, life: timedelta) -> dict[str, Any] | None:
    """Return links that open the files of an image of its owner to anybody, for `life`."""
    image = queries.get_image(owner_id, asset_id)
    if image is None:
        return None
    return {
        "expires_at": (timezone.now() + life).isoformat(timespec="seconds"),
        "original_url": signed_url(image["original_url"], life=life),
        "renditions": [
            shown | {"url": signed_url(shown["url"], life=life)} for shown in image["renditions"]
        ],
    }


alinks_of = sync_to_async(links_of)


def _shown_to(owner_id: int | None) -> QuerySet[Asset]:
    """What a person may see; for None, who holds a link: what belongs to anybody active."""
    if owner_id is None:
        return Asset.objects.filter(owner__is_active=True)
    return Asset.objects.filter(owner_id=owner_id)
