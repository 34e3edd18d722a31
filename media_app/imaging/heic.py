"""HEIC pictures: decoding by libheif, in the child only; their size by our own look at the boxes.

pi-heif's Pillow plugin asks libheif for all metadata of a file, and crashes in that on some damaged
ones. Nothing of it is wanted here, so its extension module is spoken to: pixels and profile.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any

from PIL import ImageFile

from media_app.geometry import Size
from media_app.imaging.boxes import boxes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL._imaging import PixelAccess

#: Bytes that the box of metadata may have: a phone's, of 48 tiles, has 5,000.
_META_MOST = 1 << 20

_THREADS = 2


class HeicImageFile(ImageFile.ImageFile):
    """The primary picture of a file, as shown: libheif turns it upright."""

    format = "HEIF"

    def _open(self) -> None:
        import _pi_heif  # only here: other processes than the child have no use for it

        assert self.fp
        #           data, threads, 8 bits, no BGR, with stride, 16 bits allowed, any decoder, limits
        options = (_THREADS, True, False, False, True, "", False)
        images = [each for each in _pi_heif.load_file(self.fp.read(), *options) if each is not None]
        self._image: Any = next((each for each in images if each.primary), images[0])
        self._size, self._mode = self._image.size_mode
        profile = self._image.color_profile
        if profile and profile["type"] in {"rICC", "prof"}:
            self.info["icc_profile"] = profile["data"]
        self.tile = []

    def load(self) -> PixelAccess | None:
        """Decode, if that hasn't been done."""
        if self._image is not None:
            data = self._image.data
            self._size, mode = self._image.size_mode
            self.load_prepare()
            self.frombytes(data, "raw", (mode, self._image.stride))
            self._image = None
        return super().load()


def size_of_heic(file: IO[bytes]) -> Size:
    """The size of the primary picture as shown. Reads the boxes' heads and the one of metadata.

    Raises:
        ValueError, struct.error, LookupError: they make no sense.
    """
    meta = _meta(file)
    inner = _inner(meta, 4, len(meta))
    at, _ = inner[b"pitm"]
    (primary,) = struct.unpack_from(">I" if meta[at] else ">H", meta, at + 4)
    properties = _inner(meta, *inner[b"iprp"])
    listed = list(boxes_of(meta, *properties[b"ipco"]))
    theirs = [listed[n - 1] for n in _numbers(meta, *properties[b"ipma"], primary) if n]
    return _shown(meta, [(kind, start) for kind, (start, _) in theirs])


def _shown(meta: bytes, properties: list[tuple[bytes, int]]) -> Size:
    """The coded size, cropped and turned as the properties say, in their order."""
    start = next((start for kind, start in properties if kind == b"ispe"), None)
    if start is None:
        raise ValueError("the primary picture has no size")
    size = Size(*struct.unpack_from(">II", meta, start + 4))
    for kind, start in properties:
        if kind == b"irot" and meta[start] & 1:
            size = size.turned()
        elif kind == b"clap":
            width, by, height, by_too = struct.unpack_from(">4I", meta, start)
            size = Size(width // max(by, 1), height // max(by_too, 1))
    return size


def _meta(file: IO[bytes]) -> bytes:
    """The body of the first box of metadata."""
    at = 0
    while len(head := _read(file, at, 16)) >= 8:
        size, kind = struct.unpack_from(">I4s", head)
        start = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", head, 8)
            start = 16
        if kind == b"meta":
            if size > _META_MOST:
                raise ValueError("the box of metadata is too large")
            return _read(file, at + start, size - start)
        if size < start:
            raise ValueError("a box is smaller than its head")
        at += size
    raise ValueError("no box of metadata")


def _read(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(max(size, 0))


def _inner(meta: bytes, start: int, end: int) -> dict[bytes, tuple[int, int]]:
    return dict(boxes_of(meta, start, end))


def _numbers(meta: bytes, at: int, end: int, wanted: int) -> Iterator[int]:
    """The numbers, from 1, of the properties that belong to an item.

    Source: ISO/IEC 23008-12, section 9.3.2.
    """
    version, wide = meta[at], meta[at + 3] & 1
    (items,) = struct.unpack_from(">I", meta, at + 4)
    at += 8
    for _ in range(items):
        (item,) = struct.unpack_from(">I" if version else ">H", meta, at)
        at += 4 if version else 2
        count, at = meta[at], at + 1
        for _ in range(count):
            (number,) = struct.unpack_from(">H" if wide else ">B", meta, at)
            at += 2 if wide else 1
            if item == wanted:
                yield number & (0x7FFF if wide else 0x7F)
        if at > end:
            raise ValueError("the list of properties ends early")
