"""Draws the blurred picture that a ThumbHash holds, as a PNG of a few pixels. Pure Python.

The encoder is media_app/imaging/placeholder.py. A browser enlarges few pixels as smoothly as many.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from math import cos, pi

#: Pixels of the longer side: twice as many as a hash has waves.
_SIDE_PX = 14
#: Colours are drawn that much stronger: four bits a wave have made them paler.
_STRONGER = 1.25

type Plane = list[list[float]]


def data_uri(thumb_hash: bytes) -> str:
    """The picture as an address that holds all of it; some 600 characters."""
    return f"data:image/png;base64,{b64encode(_png(_rows(thumb_hash))).decode()}"


def has_alpha(thumb_hash: bytes) -> bool:
    """Whether the picture can be seen through somewhere."""
    return bool(thumb_hash[2] & 0x80)


def _rows(thumb_hash: bytes) -> list[bytes]:
    """The lines of the picture, as RGBA.

    Source: the format that Evan Wallace defined, https://evanw.github.io/thumbhash/.
    """
    head, shape = (
        int.from_bytes(thumb_hash[:3], "little"),
        int.from_bytes(thumb_hash[3:5], "little"),
    )
    is_clear = has_alpha(thumb_hash)
    most, least = (5 if is_clear else 7), max(3, shape & 7)
    across, down = (max(3, most), least) if shape >> 15 else (least, max(3, most))
    halves = _halves(thumb_hash[6 if is_clear else 5 :])
    width = max(2, round(_SIDE_PX * across / max(across, down)))
    height = max(2, round(_SIDE_PX * down / max(across, down)))

    def plane(mean: float, scale: float, across: int, down: int) -> Plane:
        return _drawn(mean, list(_weights(halves, scale, across, down)), width, height)

    light = plane((head & 63) / 63, (head >> 18 & 31) / 31, across, down)
    warm = plane((head >> 6 & 63) / 31.5 - 1, (shape >> 3 & 63) / 63 * _STRONGER, 3, 3)
    tint = plane((head >> 12 & 63) / 31.5 - 1, (shape >> 9 & 63) / 63 * _STRONGER, 3, 3)
    alpha = [[1.0] * width] * height
    if is_clear:
        alpha = plane((thumb_hash[5] & 15) / 15, (thumb_hash[5] >> 4) / 15, 5, 5)
    return [
        b"".join(map(_pixel, *(one[y] for one in (light, warm, tint, alpha))))
        for y in range(height)
    ]


def _halves(data: bytes) -> Iterator[int]:
    for byte in data:
        yield from (byte & 15, byte >> 4)


def _weights(
    halves: Iterator[int], scale: float, across: int, down: int
) -> Iterator[tuple[int, int, float]]:
    """The waves of a plane, low ones first: how many across, how many down, how strong."""
    for y in range(down):
        for x in range(0 if y else 1, across):
            if x * down < across * (down - y):
                yield x, y, 2 * (next(halves) / 7.5 - 1) * scale


def _drawn(mean: float, waves: list[tuple[int, int, float]], width: int, height: int) -> Plane:
    at_x = [[cos(pi / width * n * (x + 0.5)) for n in range(8)] for x in range(width)]
    at_y = [[cos(pi / height * n * (y + 0.5)) for n in range(8)] for y in range(height)]
    return [
        [mean + sum(weight * xs[i] * ys[j] for i, j, weight in waves) for xs in at_x] for ys in at_y
    ]


def _pixel(light: float, warm: float, tint: float, alpha: float) -> bytes:
    blue = light - 2 / 3 * warm
    red = (3 * light - blue + tint) / 2
    return bytes(round(255 * min(max(one, 0), 1)) for one in (red, red - tint, blue, alpha))


def _png(rows: list[bytes]) -> bytes:
    """Source: the PNG specification, https://www.w3.org/TR/png-3/."""
    head = struct.pack(">IIBBBBB", len(rows[0]) // 4, len(rows), 8, 6, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
