"""Takes the metadata out of an original without touching a pixel: its parts are copied or left out.

What decides how the picture looks stays: colour profile, transparency, frames, and which way is up.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from media_app.exceptions import UnreadableSource
from media_app.imaging.boxes import without_metadata
from media_app.imaging.decoding import accepted_format_of
from media_app.imaging.opening import BROKEN, open_picture
from media_app.imaging.orientation import orientation_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_PNG_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"),
    *(b"sBIT", b"pHYs", b"acTL", b"fcTL", b"fdAT"),
}
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF"}
_WEBP_EXIF_FLAG, _WEBP_XMP_FLAG = 0x08, 0x04

#: A JPEG's application segments that decide how it looks, by what they begin with.
_JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}

_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def stripped(data: bytes) -> bytes:
    """The file without EXIF, places, XMP, IPTC, comments, texts, thumbnails and what follows it.

    The decoded pixels are the same. A file of AVIF or HEIC keeps its length: its metadata is
    overwritten, as all else in it is found by its position.

    Raises:
        UnreadableSource: it can't be taken apart.
    """
    format = accepted_format_of(data)
    try:
        if format in {"avif", "heic"}:
            return without_metadata(data)
        orientation = orientation_of(open_picture(BytesIO(data), format))
        return b"".join(_PARTS[format](data, orientation))
    except BROKEN as exc:
        raise UnreadableSource(found=f"{format.upper()}: {exc}"[:200]) from exc


def _jpeg(data: bytes, orientation: int) -> Iterator[bytes]:
    """Source: ITU-T T.81, annex B."""
    yield data[:2]
    if orientation > 1:
        body = b"Exif\0\0" + _exif(orientation)
        yield b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    at = 2
    while (marker := _marker(data, at)) != 0xD9:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        is_application = 0xE0 <= marker <= 0xEF or marker == 0xFE
        kept = _JPEG_KEPT.get(marker)
        if not is_application or (kept and data.startswith(kept, at + 4)):
            yield data[at:end]
        at = end
        if marker == 0xDA:
            while data[at] != 0xFF or data[at + 1] in {0, *range(0xD0, 0xD8)}:
                following = data.index(b"\xff", at + 1)
                yield data[at:following]
                at = following
    yield b"\xff\xd9"


def _marker(data: bytes, at: int) -> int:
    if data[at] != 0xFF:
        raise ValueError("a segment is longer than it says")
    return data[at + 1]


def _png(data: bytes, orientation: int) -> Iterator[bytes]:
    yield data[:8]
    at, kind = 8, b""
    while kind != b"IEND":
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if kind in _PNG_KEPT:
            yield data[at:end]
        if kind == b"IHDR" and orientation > 1:
            body = b"eXIf" + _exif(orientation)
            yield struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        at = end


def _webp(data: bytes, orientation: int) -> Iterator[bytes]:
    """Source: RFC 9649, section 2."""
    kept, at = [], 12
    end = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        following = at + 8 + size + size % 2
        if kind == b"VP8X":
            flags = data[at + 8] & ~(_WEBP_EXIF_FLAG | _WEBP_XMP_FLAG)
            flags |= _WEBP_EXIF_FLAG if orientation > 1 else 0
            kept.append(data[at : at + 8] + bytes([flags]) + data[at + 9 : following])
        elif kind in _WEBP_KEPT:
            kept.append(data[at:following])
        at = following
    if orientation > 1:
        exif = _exif(orientation)
        kept.append(struct.pack("<4sI", b"EXIF", len(exif)) + exif)
    body = b"WEBP" + b"".join(kept)
    yield struct.pack("<4sI", b"RIFF", len(body))
    yield body


def _gif(data: bytes, _orientation: int) -> Iterator[bytes]:
    """Source: GIF89a specification."""
    at = 13 + _table(data[10])
    yield data[:at]
    while (kind := data[at]) in b"\x21\x2c":
        head = 2 if kind == 0x21 else 11 + _table(data[at + 9])
        end = at + head
        while data[end]:
            end += data[end] + 1
        label = data[at + 1]
        is_kept = kind == 0x2C or label == 0xF9
        is_loop = label == 0xFF and data[at + 3 : at + 14] in _GIF_LOOPS
        if is_kept or (kind == 0x21 and is_loop):
            yield data[at : end + 1]
        at = end + 1
    yield b"\x3b"


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _exif(orientation: int) -> bytes:
    """A TIFF header with the orientation and nothing else."""
    return b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHHI", 0x0112, 3, 1, orientation, 0, 0)


_PARTS = {"jpeg": _jpeg, "png": _png, "webp": _webp, "gif": _gif}
