"""How much memory developing a picture takes, by its header: an estimate a little above the truth.

Measured on pictures of 64 megapixels, in docs/images.md. What a hostile file takes beyond it, the
child's limit stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from media_app.imaging.heic import size_of_heic
from media_app.imaging.opening import BROKEN, HEAD_BYTES, format_of, open_picture

if TYPE_CHECKING:
    from PIL.Image import Image

#: Bytes that every development takes: libraries, encoders, the file itself.
BASE_BYTES = 100_000_000

#: Bytes for each pixel while a format's decoder is at work. WebP's keeps two canvases.
_BYTES_A_PIXEL = {"jpeg": 4, "png": 6, "webp": 12, "avif": 8, "gif": 3, "heic": 8}

#: A progressive JPEG is taken apart as a whole before its first row is done.
_PROGRESSIVE = 7

#: Pixels of width from which a JPEG is decoded at half its size or less, for a widest of 1,600.
_HALVED_WIDTH_PX, _HALVED = 4800, 1


def memory_needed(file: BinaryIO) -> int:
    """Bytes that developing the file takes at its peak. Reads its header; leaves its position.

    A file that can't be read takes next to nothing: it fails.
    """
    before = file.tell()
    file.seek(0)
    try:
        format = format_of(file.read(HEAD_BYTES))
        if format is None:
            return BASE_BYTES
        if format == "heic":
            return BASE_BYTES + bytes_a_pixel(format) * size_of_heic(file).pixels
        picture = open_picture(file, format)
        return BASE_BYTES + bytes_a_pixel(format, picture) * picture.width * picture.height
    except BROKEN:
        return BASE_BYTES
    finally:
        file.seek(before)


def bytes_a_pixel(format: str, picture: Image | None = None) -> int:
    """What each pixel takes; of an opened JPEG it depends on how it was saved."""
    if format == "jpeg" and picture:
        if picture.info.get("progressive"):
            return _PROGRESSIVE
        if picture.width >= _HALVED_WIDTH_PX:
            return _HALVED
    return _BYTES_A_PIXEL[format]


def most_pixels(bytes_each: int, memory_bytes: int) -> int:
    """The largest picture that such a limit leaves room for; at least one pixel."""
    return max((memory_bytes - BASE_BYTES) // bytes_each, 1)
