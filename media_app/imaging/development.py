"""Makes all renditions of a picture from one decode."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

from media_app.exceptions import UnreadableSource
from media_app.geometry import Size
from media_app.imaging.colour import eight_bit, on_white, to_srgb
from media_app.imaging.opening import BROKEN, HEAD_BYTES, format_of, open_picture
from media_app.imaging.orientation import orientation_of, turned_upright, upright_size
from media_app.imaging.scans import strictly_decodable
from media_app.presets import FORMATS, JPEG, PRESETS, Format, Preset

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How much larger than the widest rendition the coarse first shrinking leaves the picture, at
#: least. Nearer than that, it would cost the widest rendition 0.3 to 1.1 dB.
_MARGIN = 1.5

#: Rows of the result made at a time in that step, so that a conversion never doubles the picture.
_BAND_ROWS = 128

_LANCZOS = Image.Resampling.LANCZOS


@dataclass(frozen=True, slots=True)
class Developed:
    """One rendition. `data` is the file; no byte of it comes from the original's metadata."""

    preset: Preset
    format: Format
    size: Size
    data: bytes = field(repr=False)


def develop(file: BinaryIO) -> Iterator[Developed]:
    """Make every preset in every format, the smallest first; of an animation, the first frame.

    All are upright, in sRGB and never wider than the original. The original is decoded before this
    returns, and the file not needed afterwards; each rendition is encoded when it is asked for.
    The same file gives the same bytes.

    Blocks: 0.4 s for a JPEG of 12 megapixels, up to 5 s for 64. Memory at the peak for 64: 0.1 GB
    for a usual JPEG, 0.4 GB for a progressive or a very tall one, 0.3 GB for a PNG (0.6 GB if it is
    tall and has alpha), 0.6 GB for an AVIF and 1 GB for a WebP, whose decoder keeps two canvases.

    Raises:
        UnreadableSource: the file is damaged, cut off, or no picture of an accepted format.
    """
    widest, original = _widest(file.read())
    sizes = {original.fit_width(preset.width_px) for preset in PRESETS}
    ladder: dict[Size, Image.Image] = {}
    for size in sorted(sizes, key=lambda size: size.pixels, reverse=True):
        widest = widest.resize((size.width, size.height), _LANCZOS)
        ladder[size] = widest
    return _encoded(original, ladder)


def _encoded(original: Size, ladder: dict[Size, Image.Image]) -> Iterator[Developed]:
    """Encode each preset. Presets that come out at the same size share the file."""
    files: dict[tuple[Size, Format], bytes] = {}
    for preset in PRESETS:
        size = original.fit_width(preset.width_px)
        for format in FORMATS:
            if (size, format) not in files:
                files[size, format] = _file(ladder[size], format)
            yield Developed(preset, format, size, files[size, format])


def _file(picture: Image.Image, format: Format) -> bytes:
    """Write pixels and nothing else: Pillow's writers take a comment or a profile along if told.

    They are told by `info`, which pictures inherit from the one they were made of. Pasting into a
    new one leaves it behind.
    """
    pixels = on_white(picture) if format is JPEG else picture
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    file = BytesIO()
    bare.save(file, format.name, **dict(format.options))
    return file.getvalue()


def _widest(data: bytes) -> tuple[Image.Image, Size]:
    """The picture for the widest preset, upright and in sRGB, and the original's upright size."""
    format = format_of(data[:HEAD_BYTES])
    if format is None:
        raise UnreadableSource(found="it is not an accepted format")
    try:
        whole = strictly_decodable(data) if format == "jpeg" else data
        picture = open_picture(BytesIO(whole), format)
        orientation = orientation_of(picture)
        original = upright_size(picture, orientation)
        target = original.fit_width(max(preset.width_px for preset in PRESETS))
        stored = target.turned() if orientation >= 5 else target
        profile = picture.info.get("icc_profile")
        # Only a JPEG can: it decodes at 1/2, 1/4 or 1/8 while that is no smaller than asked for.
        picture.draft(None, (round(stored.width * _MARGIN), round(stored.height * _MARGIN)))
        picture.load()
    except BROKEN as exc:
        raise UnreadableSource(found=f"{format.upper()}: {exc}"[:200]) from exc
    return turned_upright(to_srgb(_shrunk(picture, stored), profile), orientation), original


def _shrunk(picture: Image.Image, size: Size) -> Image.Image:
    """The picture in that size and in 8 bits, by whole-number averages first if it is far larger.

    Pillow weights colours by their alpha in both steps, so that hidden ones don't shine through.
    """
    room = min(picture.width / size.width, picture.height / size.height) / _MARGIN
    coarse = _reduced(picture, int(room)) if room >= 2 else eight_bit(picture)
    return coarse.resize((size.width, size.height), _LANCZOS)


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    """Averages of `factor` x `factor` pixels, in 8 bits."""
    width, height = picture.size
    step = _BAND_ROWS * factor
    result: Image.Image | None = None
    for top in range(0, height, step):
        band = eight_bit(picture.crop((0, top, width, min(top + step, height)))).reduce(factor)
        if result is None:
            result = Image.new(band.mode, (band.width, -(-height // factor)))
        result.paste(band, (0, top // factor))
    assert result is not None
    return result
