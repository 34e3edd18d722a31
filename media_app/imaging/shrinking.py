"""Makes pictures smaller: the resize engine, and the coarse first step for far larger pictures.

The engine is cykooz-resizer, whose SIMD takes a ninth of Pillow's time for the same picture (of a
photo, to 1 of 255). It has no wheels for some machines; there Pillow shrinks.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from PIL import Image

from media_app.imaging.colour import eight_bit

try:
    import cykooz_resizer
except ImportError:  # pragma: no cover: ARM Linux
    cykooz_resizer = None

if TYPE_CHECKING:
    from media_app.geometry import Box, Size

#: How much larger than what is wanted a scaled decode or a coarse step leaves the picture, at
#: least. 1.56 times costs a WebP of 320 px 0.012 of its SSIM, 1.88 times one of 1600 px 0.001.
MARGIN = 1.75

#: Rows of the result that the engine makes at a time, and of the original that are averaged at a
#: time: what lies between two passes never grows with the picture.
_BAND_ROWS, _AVERAGED_ROWS = 256, 512

_pair = ThreadPoolExecutor(2)

_LANCZOS = Image.Resampling.LANCZOS


def resized(picture: Image.Image, size: Size, box: Box | None = None) -> Image.Image:
    """The picture, or a part of it, in that size, by LANCZOS. It holds pixels and nothing else.

    Colours are weighted by their alpha, so that hidden ones don't shine through.

    Args:
        picture: L, RGB, RGBA or CMYK. It is left as it is.
        size: smaller than the part, or the same.
        box: the part; the whole if it is None.
    """
    left, top, right, bottom = (0, 0, *picture.size) if box is None else box.edges
    result = Image.new(picture.mode, (size.width, size.height))
    if result.size == (right - left, bottom - top):
        result.paste(picture if box is None else picture.crop(box.edges))
        return result
    # Rows of the original for one of the result. The engine looks beyond a band's edges: no seams.
    step = (bottom - top) / size.height
    rows = size.height if picture.mode == "RGBA" else _BAND_ROWS

    def make(first: int) -> None:
        count = min(rows, size.height - first)
        band = (left, top + first * step, right - left, count * step)
        result.paste(_engine(picture, (size.width, count), band), (0, first))

    # Two at a time: the engine lets go of the GIL.
    list((_pair.map if size.height > rows else map)(make, range(0, size.height, rows)))
    return result


def shrunk(picture: Image.Image, size: Size) -> Image.Image:
    """A decoded picture of any mode in that size and in 8 bits: L, RGB, RGBA or CMYK.

    If it is far larger, averages of whole pixels come first: they are made band by band, so that
    neither a conversion nor the engine needs the memory of the whole once more.
    """
    room = min(picture.width / size.width, picture.height / size.height) / MARGIN
    coarse = _averaged(picture, int(room)) if room >= 2 else eight_bit(picture)
    return resized(coarse, size)


def _engine(
    picture: Image.Image, size: tuple[int, int], part: tuple[float, float, float, float]
) -> Image.Image:
    """A part of the picture (left, top, width, height) in that size."""
    left, top, width, height = part
    if cykooz_resizer is None:
        edges = (left, top, left + width, min(top + height, picture.height))
        return picture.resize(size, _LANCZOS, box=edges)
    lanczos = cykooz_resizer.ResizeAlg.convolution(cykooz_resizer.FilterType.lanczos3)
    height = min(height, picture.height - top)
    options = cykooz_resizer.ResizeOptions(
        resize_alg=lanczos, crop_box=cykooz_resizer.CropBox(left, top, width, height)
    )
    result = Image.new(picture.mode, size)
    cykooz_resizer.Resizer().resize_pil(picture, result, options)
    return result


def _averaged(picture: Image.Image, factor: int) -> Image.Image:
    """Averages of `factor` x `factor` pixels, in 8 bits."""
    width, height = picture.size
    step = max(_AVERAGED_ROWS // factor, 1) * factor
    result: Image.Image | None = None
    for top in range(0, height, step):
        band = eight_bit(picture.crop((0, top, width, min(top + step, height)))).reduce(factor)
        if result is None:
            result = Image.new(band.mode, (band.width, -(-height // factor)))
        result.paste(band, (0, top // factor))
    assert result is not None
    return result
