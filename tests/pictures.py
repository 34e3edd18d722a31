"""Pictures for tests, made in memory and the same on every run. Needs Pillow only, no files.

Every function gives the bytes of one file, unless it says otherwise. The pictures with an `upright`
look are `marked()`: four quarters, red and green above, blue and white below.
"""

from __future__ import annotations

import random
import struct
import zlib
from functools import cache
from io import BytesIO
from itertools import product
from typing import Any

from PIL import Image

#: Words that `with_metadata()` holds and that must never be found in a rendition of it.
SECRETS = (b"secret comment", b"secret place", b"secret camera", b"adobe.com", b"acsp", b"Exif\0")

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (255, 255, 255)

#: EXIF orientation -> how the upright picture has to be turned to be stored that way.
STORED: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@cache
def photo(
    width: int = 4000, height: int = 3000, *, seed: int = 1, progressive: bool = False
) -> bytes:
    """A JPEG like a phone's, 4:2:0 q90: soft shapes, edges and grain. 12 MP: 3-4 MB, in 0.5 s."""
    size = (width, height)
    soft = _noise((9, 7), seed, "RGB").resize(size, Image.Resampling.BILINEAR)
    detail = _noise((max(width // 9, 1), max(height // 9, 1)), seed + 1, "L").resize(size)
    grain = _noise(size, seed + 2, "L")
    texture = Image.blend(detail, grain, 0.2)
    picture = Image.blend(soft, Image.merge("RGB", (texture,) * 3), 0.3)
    return saved(picture, "JPEG", quality=90, subsampling="4:2:0", progressive=progressive)


def marked(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """The upright picture itself: red, green / blue, white."""
    picture = Image.new("RGB", (width, height), WHITE)
    half_x, half_y = width // 2, height // 2
    picture.paste(RED, (0, 0, half_x, half_y))
    picture.paste(GREEN, (half_x, 0, width, half_y))
    picture.paste(BLUE, (0, half_y, half_x, height))
    return picture.convert(mode)


def saved(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    """The picture as a file of a format Pillow writes, `"JPEG"` for instance."""
    file = BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def small(file_format: str = "JPEG", width: int = 60, height: int = 40) -> bytes:
    """The marked picture in any format, in a millisecond: where only *an* image is needed."""
    options = {"quality": 95} if file_format in {"JPEG", "WEBP", "AVIF"} else {}
    return saved(marked(width, height), file_format, **options)


def oriented(
    orientation: int, file_format: str = "JPEG", width: int = 60, height: int = 40
) -> bytes:
    """The marked picture stored turned, with the EXIF orientation that turns it upright."""
    picture, turn = marked(width, height), STORED[orientation]
    stored = picture if turn is None else picture.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(stored, file_format, exif=exif, quality=95)


def with_metadata(file_format: str = "JPEG", width: int = 60, height: int = 40) -> bytes:
    """The marked picture with a place (GPS), a camera, a comment, XMP and a colour profile."""
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0),
                                 29: "secret place"})  # fmt: skip
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" t="http://ns.adobe.com/">secret place</x:xmpmeta>'
    options: dict[str, Any] = {"exif": exif, "icc_profile": display_p3(), "xmp": xmp}
    if file_format == "JPEG":
        options["comment"] = b"secret comment"
    return saved(marked(width, height), file_format, quality=95, **options)


def in_p3(colour: tuple[int, int, int], file_format: str = "PNG") -> bytes:
    """One colour, its numbers meant as Display P3, with the profile that says so."""
    picture = Image.new("RGB", (64, 48), colour)
    options: dict[str, Any] = {"quality": 100} if file_format != "PNG" else {}
    return saved(picture, file_format, icc_profile=display_p3(), **options)


def display_p3() -> bytes:
    """A colour profile with the primaries of Display P3 and sRGB's curve."""
    red, green, blue = (
        (0.51512, 0.2412, -0.00105),
        (0.29198, 0.69225, 0.04189),
        (0.1571, 0.06657, 0.78407),
    )
    curve = b"para\0\0\0\0\0\3\0\0" + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    for name, xyz in ((b"rXYZ", red), (b"gXYZ", green), (b"bXYZ", blue)):
        tags[name] = b"XYZ \0\0\0\0" + _fixed(*xyz)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def ink_profile() -> bytes:
    """A colour profile for CMYK whose pure cyan is a strong orange: unlike any plain conversion."""
    grid = [_lab_of_ink(*corner) for corner in product((0, 1), repeat=4)]
    ramp = bytes(range(256))
    table = b"mft1\0\0\0\0\4\3\2\0" + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return _profile(
        b"prtr", b"CMYK", b"Lab ", {b"A2B0": table + ramp * 4 + b"".join(grid) + ramp * 3}
    )


def cmyk(ink: tuple[int, int, int, int] = (255, 0, 0, 0), *, profile: bytes | None = None) -> bytes:
    """A CMYK JPEG of one ink (0-255 each)."""
    return saved(Image.new("CMYK", (64, 48), ink), "JPEG", quality=95, icc_profile=profile)


def grey16(values: tuple[int, ...] = (0, 0x4000, 0x8000, 0xC000, 0xFFFF)) -> bytes:
    """A 16-bit grey PNG with one column of 12 pixels' width per value."""
    row = b"".join(struct.pack(">H", value) * 12 for value in values)
    return png(12 * len(values), 40, row, depth=16, colour_type=0)


def rgb16(colour: tuple[int, int, int] = (0xFFFF, 0x8000, 0x0100)) -> bytes:
    """A 16-bit RGB PNG of one colour."""
    return png(60, 40, struct.pack(">3H", *colour) * 60, depth=16, colour_type=2)


def colour_keyed() -> bytes:
    """An RGB PNG whose left half is a colour that is declared transparent; the rest is red."""
    row = bytes((1, 2, 3)) * 30 + bytes(RED) * 30
    return png(
        60, 40, row, depth=8, colour_type=2, chunks=((b"tRNS", struct.pack(">3H", 1, 2, 3)),)
    )


def palette(*, half_transparent: bool = True) -> bytes:
    """A palette PNG: left half red, right half transparent, or half transparent green."""
    colours = bytes(RED + GREEN)
    alphas = bytes((255, 128)) if half_transparent else bytes((255, 0))
    row = b"\0" * 30 + b"\1" * 30
    chunks = ((b"PLTE", colours), (b"tRNS", alphas))
    return png(60, 40, row, depth=8, colour_type=3, chunks=chunks)


def see_through(
    file_format: str = "PNG",
    width: int = 60,
    height: int = 40,
    *,
    colour: tuple[int, int, int] = RED,
) -> bytes:
    """One colour with a fully transparent right half whose hidden colour is black."""
    picture = Image.new("RGBA", (width, height), (*colour, 255))
    picture.paste((0, 0, 0, 0), (width // 2, 0, width, height))
    options = {"quality": 100} if file_format == "AVIF" else {"lossless": True, "exact": True}
    return saved(picture, file_format, **(options if file_format != "PNG" else {}))


def grey_see_through() -> bytes:
    """A grey PNG with alpha: left half mid grey, right half transparent."""
    return png(60, 40, b"\x80\xff" * 30 + b"\x00\x00" * 30, depth=8, colour_type=4)


def animated(file_format: str = "GIF", width: int = 60, height: int = 40) -> bytes:
    """Two frames, the marked picture first and a blue one after it: GIF, WEBP, PNG or AVIF."""
    after = Image.new("RGB", (width, height), BLUE)
    first = marked(width, height)
    return saved(first, file_format, save_all=True, append_images=[after], duration=100)


def mpo(width: int = 60, height: int = 40) -> bytes:
    """Two JPEGs in one file, as phones write them: the marked picture, then a blue one."""
    after = Image.new("RGB", (width, height), BLUE)
    return saved(marked(width, height), "MPO", save_all=True, append_images=[after], quality=95)


def header_bomb(side_px: int = 50_000) -> bytes:
    """A PNG of a few hundred bytes that announces a huge picture."""
    return png(side_px, side_px, b"\0" * 1000, depth=8, colour_type=2, rows=1)


def polyglot() -> bytes:
    """A good JPEG that is also a page: its comment and its tail hold a script."""
    script = b"<script>alert(1)</script>"
    return saved(marked(), "JPEG", quality=95, comment=b"<html>" + script) + script


def html() -> bytes:
    """A web page, to be sent under an image's name."""
    return b"<!doctype html><html><body><script>alert(1)</script></body></html>"


def svg() -> bytes:
    """An SVG with a script."""
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def pdf() -> bytes:
    """The start of a PDF."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"


def video() -> bytes:
    """The start of an MP4, whose container HEIC and AVIF share."""
    return b"\0\0\0\x18ftypisom\0\0\0\0mp42isom" + b"\0" * 64


def segments(data: bytes) -> set[str]:
    """The kinds of parts a JPEG or WebP is made of: to see that none of them holds metadata."""
    kinds, at = set(), 2 if data.startswith(b"\xff\xd8") else 12
    while data.startswith(b"RIFF") and at < len(data):
        kinds.add(data[at : at + 4].decode("ascii"))
        at += 8 + struct.unpack_from("<I", data, at + 4)[0]
        at += at & 1
    while data.startswith(b"\xff\xd8") and data[at + 1] != 0xD9:
        kinds.add(f"{data[at + 1]:02X}")
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
        while data[at] != 0xFF or data[at + 1] in {0, *range(0xD0, 0xD8)}:
            at += 1
    return kinds


def cuts(whole: bytes, parts: int = 10) -> list[bytes]:
    """The file cut off after each tenth of its length, the whole file left out."""
    return [whole[: len(whole) * part // parts] for part in range(1, parts)]


def png(
    width: int,
    height: int,
    row: bytes,
    *,
    depth: int,
    colour_type: int,
    chunks: tuple[tuple[bytes, bytes], ...] = (),
    rows: int | None = None,
) -> bytes:
    """A PNG built by hand: the same `row` on every line, `chunks` between header and pixels."""
    header = struct.pack(">2I5B", width, height, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + row) * (height if rows is None else rows))
    parts = ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, data) for name, data in parts)


def png_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _noise(size: tuple[int, int], seed: int, mode: str) -> Image.Image:
    channels = len(mode)
    data = random.Random(seed).randbytes(size[0] * size[1] * channels)
    return Image.frombytes(mode, size, data)


def _fixed(*numbers: float) -> bytes:
    """ICC's s15Fixed16 numbers."""
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _lab_of_ink(cyan: int, magenta: int, yellow: int, black: int) -> bytes:
    if (cyan, magenta, yellow, black) == (1, 0, 0, 0):
        return bytes((170, 178, 198))
    return bytes((round(255 * (1 - black) * (1 - (cyan + magenta + yellow) / 3)), 128, 128))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC file, version 4: header, table of tags, their data on multiples of four."""
    text = "test".encode("utf-16-be")
    named = b"mluc\0\0\0\0" + struct.pack(">2I2s2s2I", 1, 12, b"en", b"US", len(text), 28) + text
    white = b"XYZ \0\0\0\0" + _fixed(0.9642, 1.0, 0.8249)
    tags = {b"desc": named, b"cprt": named, b"wtpt": white, **tags}
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4s2I", name, offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = struct.pack(
        ">I4s4s4s4s4s12x4s28x",
        offset + len(body),
        b"\0\0\0\0",
        b"\x04\x20\0\0",
        kind,
        space,
        connection,
        b"acsp",
    )
    header += _fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
