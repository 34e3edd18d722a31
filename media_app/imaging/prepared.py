"""The widest picture of a development, kept as plain pixels so that a later stage needs no decode.

Ours only: never looked for in what people send.
"""

from __future__ import annotations

import struct

from PIL import Image

from media_app.exceptions import UnreadableSource
from media_app.geometry import Size

_HEAD = struct.Struct(">4s4sIIII")
_MAGIC = b"DkR1"


def packed(picture: Image.Image, original: Size) -> bytes:
    """The picture (RGB or RGBA) and the original's size as bytes, 3 or 4 a pixel."""
    mode = picture.mode.encode().ljust(4)
    head = _HEAD.pack(_MAGIC, mode, *picture.size, original.width, original.height)
    return b"".join((head, picture.tobytes()))


def unpacked(data: bytes) -> tuple[Image.Image, Size]:
    """What was packed.

    Raises:
        UnreadableSource: it is cut off, or something else.
    """
    try:
        magic, mode, width, height, *original = _HEAD.unpack_from(data)
        pixels = memoryview(data)[_HEAD.size :]
        if magic != _MAGIC or mode not in {b"RGB ", b"RGBA"}:
            raise ValueError("not ours")
        picture = Image.frombytes(mode.decode().strip(), (width, height), pixels)
        return picture, Size(*original)
    except (struct.error, ValueError) as exc:
        raise UnreadableSource(found=f"prepared picture: {exc}") from exc
