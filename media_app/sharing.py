"""What two assets of one person share that show the same content: all that was made of it.

Of one person's only: from how soon a picture is ready, nobody must learn that others have it, too.
"""

from __future__ import annotations

from base64 import b64encode

from django.core.files.storage import default_storage

from media_app import thumb_hashes
from media_app.lacking import stages_lacking
from media_app.models import Asset, Rendition

_SHARED = ("thumb_hash", "colour", "placeholder", "animated", "note")


def twin_of(asset: Asset) -> Asset | None:
    """Another asset of the owner's, complete by the recipes of now, with the same content."""
    alike = Asset.objects.filter(
        owner=asset.owner_id,
        original=asset.original_id,
        focal_x=asset.focal_x,
        focal_y=asset.focal_y,
        complete=True,
    )
    twin = alike.exclude(pk=asset.pk).order_by("-created_at").first()
    if twin is None or stages_lacking(twin):
        return None
    names = twin.renditions.values_list("name", flat=True)
    return twin if all(map(default_storage.exists, names)) else None


def rows_of(twin: Asset, asset: Asset) -> list[Rendition]:
    """The twin's renditions as rows of an asset's own; none where the twin has gone meanwhile.

    Call it with the content locked: the files stay where they are until it is not.
    """
    made = list(Rendition.objects.filter(asset=twin))
    if not made:
        return []
    for field in _SHARED:
        setattr(asset, field, getattr(twin, field))
    for one in made:
        one.pk, one.asset = None, asset
    return made


def set_placeholder(asset: Asset, thumb_hash: bytes, colour: tuple[int, int, int]) -> None:
    """Keep what stands in a picture's place until it has loaded."""
    asset.thumb_hash = b64encode(thumb_hash).decode()
    asset.colour = "#" + bytes(colour).hex()
    asset.placeholder = thumb_hashes.data_uri(thumb_hash)
