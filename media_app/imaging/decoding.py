"""Decodes a picture once, scaled down meanwhile where its format can, upright and in sRGB."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from media_app.exceptions import UnreadableSource
from media_app.imaging.colour import to_srgb
from media_app.imaging.opening import BROKEN, HEAD_BYTES, format_of, open_picture
from media_app.imaging.orientation import orientation_of, turned_upright, upright_size
from media_app.imaging.scans import strictly_decodable
from media_app.imaging.shrinking import MARGIN, resized, shrunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from media_app.geometry import Size


class Decoded(NamedTuple):
    """An upright RGB or RGBA picture in sRGB without metadata, and the original's upright size."""

    picture: Image
    original: Size


def accepted_format_of(data: bytes) -> str:
    """What the file is.

    Raises:
        UnreadableSource: no accepted format.
    """
    if (format := format_of(data[:HEAD_BYTES])) is None:
        raise UnreadableSource(found="it is not an accepted format")
    return format


def decoded(data: bytes, wanted: Callable[[Size], Size], *, strictly: bool = True) -> Decoded:
    """The picture in the size that `wanted` answers for its own; of an animation, the first frame.

    Only a JPEG can scale while decoding: at 1/2, 1/4 or 1/8, as long as that is no smaller than
    `MARGIN` times what is wanted. It is turned upright last, when it is small. Looking whether
    all of its pixels are there takes as long as a fourth of the fastest decode: `strictly`.

    Raises:
        UnreadableSource: the file is damaged, cut off, or no picture of an accepted format.
    """
    format = accepted_format_of(data)
    try:
        whole = strictly_decodable(data) if strictly and format == "jpeg" else data
        picture = open_picture(BytesIO(whole), format)
        orientation = orientation_of(picture)
        original = upright_size(picture, orientation)
        upright = wanted(original)
        stored = upright.turned() if orientation >= 5 else upright
        profile = picture.info.get("icc_profile")
        picture.draft(None, (round(stored.width * MARGIN), round(stored.height * MARGIN)))
        picture.load()
    except BROKEN as exc:
        raise UnreadableSource(found=f"{format.upper()}: {exc}"[:200]) from exc
    small = shrunk(picture, stored)
    del picture
    shown = turned_upright(to_srgb(small, profile), orientation)
    return Decoded(shown if not shown.info else resized(shown, upright), original)
