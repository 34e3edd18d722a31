"""Opens pictures by what they are, not by their name, with the accepted decoders only.

The plugin classes are called directly, not `Image.open`: no other decoder can be reached, and the
outcome depends neither on `Image.MAX_IMAGE_PIXELS` nor on the process's warning filters.
"""

from __future__ import annotations

import struct
import zlib
from typing import IO, TYPE_CHECKING

from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import DecompressionBombError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from media_app.imaging.heic import HeicImageFile

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

#: Bytes at the start of a file that tell what it is; room for an AVIF's list of brands.
HEAD_BYTES = 64

#: What Pillow's decoders raise for a broken file. MemoryError is left out: whoever limits the
#: memory says what it means.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    DecompressionBombError,
    struct.error,
    zlib.error,
    Warning,
)


class _Jpeg(JpegImageFile):
    """A JPEG without the parts that are not needed.

    An MPO opens as its first picture, as this class doesn't look for others. Pillow reads the whole
    EXIF only to learn the dots per inch, and warns where it is damaged.
    """

    def _read_dpi_from_exif(self) -> None:
        pass


class _WebP(WebPImageFile):
    """A WebP whose decoder goes, with its two canvases, before there is room for the picture."""

    def _get_next(self) -> tuple[bytes, int, int]:
        frame = super()._get_next()
        if not self.is_animated:
            del self._decoder
        return frame


_PLUGINS: dict[str, type[ImageFile]] = {
    "jpeg": _Jpeg,
    "png": PngImageFile,
    "webp": _WebP,
    "avif": AvifImageFile,
    "gif": GifImageFile,
    "heic": HeicImageFile,
}

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}


def format_of(head: bytes) -> str | None:
    """The accepted format that the first `HEAD_BYTES` of a file announce, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return _format_of_boxes(head)


def open_picture(file: IO[bytes], format: str) -> ImageFile:
    """Read the header; decode nothing yet.

    Raises:
        Exception: one of `BROKEN`, if the header is damaged or names no picture.
    """
    file.seek(0)
    picture = _PLUGINS[format](file)
    # These two get their tile when they are loaded. The others without one hold no pixels.
    if not picture.tile and format not in {"webp", "heic"}:
        raise SyntaxError("no picture data")
    return picture


def _format_of_boxes(head: bytes) -> str | None:
    """What the file type box names: AVIF and HEIC files share the container."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heic" if brands & _HEIC_BRANDS else None
