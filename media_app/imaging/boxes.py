"""Finds the metadata in a file of AVIF or HEIC, and overwrites it: the container of both.

Source: ISO/IEC 14496-12, sections 8.11.3 (iloc) and 8.11.6 (iinf).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_METADATA = {b"Exif", b"mime", b"uri "}

#: EXIF that says nothing: where its header begins, the header, a directory without entries.
_NO_EXIF = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"


def without_metadata(data: bytes) -> bytes:
    """The file with zeros where its XMP and other texts were, and EXIF that says nothing.

    Raises:
        ValueError, struct.error: the boxes make no sense.
    """
    meta = next((body for kind, body in boxes_of(data, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        raise ValueError("no meta box")
    inner = dict(boxes_of(data, meta[0] + 4, meta[1]))
    items = dict(_metadata_items(data, *inner[b"iinf"])) if b"iinf" in inner else {}
    result = bytearray(data)
    if items:
        inside = inner.get(b"idat", (0, 0))[0]
        for item, start, size in _places(data, inner[b"iloc"][0], inside):
            if item in items:
                if start + size > len(data):
                    raise ValueError("an item lies outside of the file")
                instead = _NO_EXIF if items[item] == b"Exif" else b""
                result[start : start + size] = instead[:size].ljust(size, b"\0")
    return bytes(result)


def boxes_of(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Kind, and where the body begins and ends, of each box in a part of the file."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        size = size or end - at
        if size < head:
            raise ValueError("a box is smaller than its head")
        yield kind, (at + head, min(at + size, end))
        at += size


def _metadata_items(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Id and kind of the items that hold metadata."""
    start += 4 + (2 if data[start] == 0 else 4)
    for _, (at, _) in boxes_of(data, start, end):
        wide = data[at] > 2
        item, _, kind = struct.unpack_from(">IH4s" if wide else ">HH4s", data, at + 4)
        if kind in _METADATA:
            yield item, kind


def _places(data: bytes, at: int, inside: int) -> Iterator[tuple[int, int, int]]:
    """Which item each part belongs to, where it lies and how long it is."""
    version, sizes, more = data[at], data[at + 4], data[at + 5]
    widths = sizes >> 4, sizes & 15, more >> 4, (more & 15) if version else 0
    reader = _Reader(data, at + 6)
    for _ in range(reader.number(2 if version < 2 else 4)):
        item = reader.number(2 if version < 2 else 4)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        base = reader.number(widths[2])
        for _ in range(reader.number(2)):
            reader.number(widths[3])
            start, size = base + reader.number(widths[0]), reader.number(widths[1])
            yield item, start + (inside if method == 1 else 0), size


class _Reader:
    """Numbers of so many bytes, one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def number(self, width: int) -> int:
        part = self._data[self._at : self._at + width]
        if len(part) < width:
            raise ValueError("the file ends within a box")
        self._at += width
        return int.from_bytes(part)
