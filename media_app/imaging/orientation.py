"""The EXIF orientation: read from the header, and applied to pixels."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from PIL.Image import Transpose

from media_app.geometry import Size

if TYPE_CHECKING:
    from PIL.Image import Image

_ORIENTATION_TAG = 0x0112

_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def orientation_of(picture: Image) -> int:
    """1 to 8, and 1 if there is none or it makes no sense. Ask before the picture is decoded.

    Read here and not by Pillow's `getexif()`, which decodes a PNG to look for late chunks, takes an
    orientation from XMP, which browsers ignore, and warns of damage in fields nobody asked for.
    """
    exif = picture.info.get("exif") or b""
    value = _tag(exif.removeprefix(b"Exif\0\0"), _ORIENTATION_TAG)
    return value if 1 <= value <= 8 else 1


def upright_size(picture: Image, orientation: int) -> Size:
    """The size of the picture as shown."""
    size = Size(*picture.size)
    return size.turned() if orientation >= 5 else size


def turned_upright(picture: Image, orientation: int) -> Image:
    """The picture as shown; itself if it stands upright already."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _tag(tiff: bytes, wanted: int) -> int:
    """The value of a SHORT in the first directory of a TIFF header; 0 if it isn't there."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 0
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == wanted:
                return int(value)
    except struct.error:
        pass
    return 0
