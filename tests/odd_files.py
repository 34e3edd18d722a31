"""Hostile and odd files, made by a seed and the same on every run, each with how it has to end.

A file ends `refused` (by its header, with a code), `failed` (when it is developed), or `developed`.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from tests import heic, pictures

REFUSED_TYPE, REFUSED_DAMAGED = "unsupported_type", "unreadable_image"
REFUSED_PIXELS, REFUSED_EMPTY = "too_many_pixels", "empty_file"
FAILED, DEVELOPED, STILL = "failed", "developed", "developed, first frame only"

#: What people and programs call files: paths, controls, directions, nothing, too much.
FILE_NAMES = (
    "../../etc/passwd",
    "C:\\Windows\\system32\\a.jpg",
    "a\0b.jpg",
    "a\r\nSet-Cookie: x=y.jpg",
    "photo\u202egpj.exe",
    "\u2066\u2067\u2069",
    "",
    ".",
    "..",
    "a" * 5000 + ".jpg",
    "\ud83d\ude00 \u00e9\u0301.jpg".encode("utf-16", "surrogatepass").decode("utf-16"),
    "<script>alert(1)</script>.png",
    "CON",
    "-rf.jpg",
)


@dataclass(frozen=True)
class Odd:
    """A file, and how it has to end."""

    name: str
    data: bytes
    ends: str


def odd_files() -> Iterator[Odd]:
    """All of them: about 130."""
    for make in (_bombs, _wrong_types, _polyglots, _cuts, _metadata, _oriented, _colours, _moving,
                 _sizes, _broken_inside):  # fmt: skip
        yield from make()


def _bombs() -> Iterator[Odd]:
    # What a PNG's stream leaves out at its end stays black, in Pillow as in browsers.
    yield Odd("bomb header", pictures.header_bomb(), REFUSED_PIXELS)
    yield Odd("bomb 16,384 px a side", pictures.header_bomb(16_384), REFUSED_PIXELS)
    yield Odd("bomb of zeros, 62 MP", pictures.png(7900, 7900, b"\0" * 988, depth=1,
              colour_type=0), DEVELOPED)  # fmt: skip
    yield Odd("bomb that has one row", pictures.png(7900, 7900, b"\0" * 988, depth=1,
              colour_type=0, rows=1), DEVELOPED)  # fmt: skip
    text = pictures.png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 200_000_000))
    yield Odd("bomb in a text", _png_with(text), REFUSED_DAMAGED)
    profile = pictures.png_chunk(b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 200_000_000))
    yield Odd("bomb in a profile", _png_with(profile), REFUSED_DAMAGED)
    canvas = bytearray(pictures.animated("WEBP"))
    canvas[24:30] = b"\xff\xff\xff" * 2
    yield Odd("bomb of a WebP canvas", bytes(canvas), REFUSED_PIXELS)
    gif = bytearray(pictures.small("GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    yield Odd("bomb of a GIF screen", bytes(gif), REFUSED_PIXELS)
    jpeg = bytearray(pictures.small())
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    yield Odd("bomb of a JPEG frame", bytes(jpeg), REFUSED_PIXELS)
    many = pictures.small("PNG")[:33] + pictures.png_chunk(b"teSt", b"") * 150_000
    yield Odd("header without end", many, REFUSED_DAMAGED)
    yield Odd("JPEG of zeros", b"\xff\xd8\xff" + b"\0" * 2_000_000, REFUSED_DAMAGED)


def _wrong_types() -> Iterator[Odd]:
    others = {
        "page": pictures.html(), "SVG": pictures.svg(), "PDF": pictures.pdf(),
        "video": pictures.video(), "text": b"hello\n", "zeros": b"\0" * 5000,
        "zip": b"PK\3\4" + b"\0" * 60, "program": b"\x7fELF" + b"\0" * 60,
        "script": b"#!/bin/sh\nrm -rf /\n", "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "RIFF sound": b"RIFF\x24\0\0\0WAVEfmt ", "only a JPEG's mark": b"\xff\xd8",
    }  # fmt: skip
    for name, data in others.items():
        yield Odd(f"type: {name}", data, REFUSED_TYPE)
    for name in ("TIFF", "BMP", "ICO", "PPM", "TGA", "PCX", "JPEG2000"):
        yield Odd(f"type: {name}", pictures.saved(pictures.marked(), name), REFUSED_TYPE)
    yield Odd("type: nothing", b"", REFUSED_EMPTY)
    rng = random.Random(5)
    marks = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "GIF": b"GIF89a",
             "WebP": b"RIFF\xff\0\0\0WEBPVP8 ", "AVIF": b"\0\0\0\x18ftypavif",
             "HEIC": b"\0\0\0\x18ftypheic"}  # fmt: skip
    for name, mark in marks.items():
        ends = f"{REFUSED_DAMAGED} or {REFUSED_PIXELS} or {FAILED}"
        yield Odd(f"noise after a mark: {name}", mark + rng.randbytes(3000), ends)


def _polyglots() -> Iterator[Odd]:
    yield Odd("polyglot: JPEG and page", pictures.polyglot(), DEVELOPED)
    page = pictures.html()
    for name in ("PNG", "GIF", "WEBP"):
        yield Odd(f"polyglot: {name} and page", pictures.small(name) + page, DEVELOPED)
    yield Odd("polyglot: JPEG and zip", pictures.small() + b"PK\3\4" + b"\0" * 500, DEVELOPED)
    yield Odd("polyglot: two JPEGs", pictures.small() * 2, DEVELOPED)
    yield Odd("a phone's two pictures", pictures.mpo(), DEVELOPED)


def _cuts() -> Iterator[Odd]:
    whole = {name: pictures.small(name, 300, 200) for name in ("PNG", "WEBP", "AVIF", "GIF")}
    whole |= {
        "JPEG": pictures.photo(300, 200),
        "progressive": pictures.photo(300, 200, progressive=True),
        "HEIC": heic.plain(),
    }
    for name, data in whole.items():
        for tenth, part in enumerate(pictures.cuts(data), 1):
            yield Odd(f"cut: {name} at {tenth}/10", part, f"{REFUSED_DAMAGED} or {FAILED}")
    jpeg = whole["JPEG"]
    yield Odd("cut and closed", jpeg[: len(jpeg) // 2] + b"\xff\xd9", FAILED)
    yield Odd("cut and filled", jpeg[: len(jpeg) // 2] + b"\0" * len(jpeg), FAILED)


def _metadata() -> Iterator[Odd]:
    for name in ("JPEG", "PNG", "WEBP", "AVIF"):
        yield Odd(f"metadata: {name}", pictures.with_metadata(name), DEVELOPED)
    yield Odd("metadata: HEIC", heic.turned(), DEVELOPED)
    jpeg = pictures.small()
    comments = b"\xff\xfe\xff\xff" + b"c" * 65_533
    yield Odd("metadata: 6 MB of comments", jpeg[:2] + comments * 100 + jpeg[2:], DEVELOPED)
    loop = b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08"
    exif = b"Exif\0\0" + loop
    yield Odd("metadata: EXIF in a circle", _jpeg_with(0xE1, exif), DEVELOPED)
    yield Odd("metadata: EXIF of noise", _jpeg_with(0xE1, b"Exif\0\0" + b"\xff" * 999), DEVELOPED)
    yield Odd("metadata: profile of noise", _jpeg_with(0xE2, b"ICC_PROFILE\0\1\1" + b"x" * 999),
              DEVELOPED)  # fmt: skip
    yield Odd("metadata: profile in 255 parts", _jpeg_with(0xE2, b"ICC_PROFILE\0\1\xff" + b"x"),
              DEVELOPED)  # fmt: skip


def _oriented() -> Iterator[Odd]:
    for orientation in range(1, 9):
        yield Odd(f"orientation {orientation}", pictures.oriented(orientation), DEVELOPED)
    for value in (0, 9, 65_535):
        data = pictures.oriented(6).replace(
            b"\x01\x12\0\3\0\0\0\1\0\6", b"\x01\x12\0\3\0\0\0\1" + struct.pack(">H", value)
        )
        yield Odd(f"orientation {value}", data, DEVELOPED)  # fmt: skip


def _colours() -> Iterator[Odd]:
    yield Odd("colour: CMYK", pictures.cmyk(), DEVELOPED)
    yield Odd("colour: CMYK, profile", pictures.cmyk(profile=pictures.ink_profile()), DEVELOPED)
    yield Odd("colour: ink's profile on RGB", pictures.saved(
        pictures.marked(), "JPEG", icc_profile=pictures.ink_profile()), DEVELOPED)  # fmt: skip
    yield Odd("colour: Display P3", pictures.in_p3((200, 100, 60)), DEVELOPED)
    yield Odd("colour: 16-bit grey", pictures.grey16(), DEVELOPED)
    yield Odd("colour: 16-bit RGB", pictures.rgb16(), DEVELOPED)
    yield Odd("colour: palette", pictures.palette(), DEVELOPED)
    yield Odd("colour: key", pictures.colour_keyed(), DEVELOPED)
    yield Odd("colour: grey with alpha", pictures.grey_see_through(), DEVELOPED)
    yield Odd("colour: 1 bit", pictures.saved(pictures.marked(mode="1"), "PNG"), DEVELOPED)
    nothing = Image.new("RGBA", (40, 30))
    for name in ("PNG", "WEBP", "AVIF"):
        yield Odd(f"colour: none, {name}", pictures.saved(nothing, name), DEVELOPED)


def _moving() -> Iterator[Odd]:
    for name in ("GIF", "WEBP", "PNG", "AVIF"):
        yield Odd(f"moving: {name}", pictures.animated(name), DEVELOPED)
    frames = [Image.new("L", (20, 20), shade * 7 % 256) for shade in range(300)]
    long = pictures.saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    yield Odd("moving: 300 frames", long, STILL)
    whole = pictures.animated("GIF", 200, 100)
    yield Odd("moving: cut", whole[: len(whole) * 3 // 4], FAILED)
    webp = pictures.animated("WEBP")
    at = webp.rindex(b"ANMF") + 8 + 16 + 8
    yield Odd("moving: noise in a frame", webp[:at] + b"\xff" * (len(webp) - at),
              f"{FAILED} or {REFUSED_DAMAGED}")  # fmt: skip


def _sizes() -> Iterator[Odd]:
    for width, height in ((1, 1), (1, 900), (900, 1), (2, 3), (16_383, 1), (1, 16_383)):
        yield Odd(f"size {width} x {height}", pictures.small("PNG", width, height), DEVELOPED)
    long = pictures.saved(Image.new("RGB", (65_500, 8)), "JPEG")
    yield Odd("size 65,500 x 8", long, REFUSED_PIXELS)
    empty = pictures.png(1, 1, b"\0\0\0", depth=8, colour_type=2).replace(
        pictures.png_chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)),
        pictures.png_chunk(b"IHDR", struct.pack(">2I5B", 0, 1, 8, 2, 0, 0, 0)),
    )
    yield Odd("size 0 x 1", empty, REFUSED_DAMAGED)


def _broken_inside() -> Iterator[Odd]:
    png = pictures.small("PNG", 200, 100)
    at = png.index(b"IDAT")
    yield Odd("broken: checksum", png[: at + 20] + b"\xff" + png[at + 21 :], FAILED)
    wrong = bytearray(png)
    wrong[24] = 3
    yield Odd("broken: impossible depth", bytes(wrong), REFUSED_DAMAGED)
    jpeg = pictures.small()
    tables = jpeg.replace(b"\xff\xc4", b"\xff\xec")
    yield Odd("broken: no Huffman tables", tables, f"{DEVELOPED} or {FAILED}")
    webp = pictures.small("WEBP")
    yield Odd("broken: WebP longer than it is", webp[:4] + b"\xff\xff\xff\x7f" + webp[8:],
              f"{REFUSED_DAMAGED} or {FAILED}")  # fmt: skip


def _png_with(chunk: bytes) -> bytes:
    whole = pictures.small("PNG")
    return whole[:33] + chunk + whole[33:]


def _jpeg_with(marker: int, body: bytes) -> bytes:
    picture = BytesIO()
    pictures.marked().save(picture, "JPEG")
    jpeg = picture.getvalue()
    return jpeg[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]
