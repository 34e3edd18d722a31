"""Looks at an upload's header and tells what it is, or why it is refused. Decodes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from media_app.exceptions import EmptyFile, TooManyPixels, UnreadableImage, UnsupportedType
from media_app.geometry import Size
from media_app.imaging.appetite import bytes_a_pixel, most_pixels
from media_app.imaging.heic import size_of_heic
from media_app.imaging.opening import BROKEN, HEAD_BYTES, format_of, open_picture
from media_app.imaging.orientation import orientation_of, upright_size

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Reads that a header may take. An honest one takes a few hundred; a hostile one, a file full of
#: empty chunks for instance, would keep the parser and the GIL busy for many seconds.
MAX_READS = 20_000


@dataclass(frozen=True, slots=True)
class Source:
    """What the header says. `format` is jpeg, png, webp, avif or gif; `size` is that as shown."""

    format: str
    size: Size


def inspect(
    file: BinaryIO,
    *,
    file_name: str,
    max_pixels: int,
    max_side_px: int,
    memory_bytes: int | None = None,
) -> Source:
    """Tell what a file is by its header. The position in the file is at its start afterwards.

    Blocks for less than 2 ms on usual files. WebP and AVIF keep the parts of their headers spread
    over the file, so these two are read whole; no pixel of any format is decoded. Thread-safe.

    Raises:
        EmptyFile: there are no bytes.
        UnsupportedType: it is none of the accepted formats, whatever its name says.
        TooManyPixels: it has more than `max_pixels`, or than its decoder has room for in
            `memory_bytes`, or a side longer than `max_side_px`.
        UnreadableImage: it begins as an accepted format, but its header is damaged.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        raise EmptyFile(file_name=file_name)
    found = format_of(head)
    if found is None:
        raise UnsupportedType(file_name=file_name)
    try:
        for size, bytes_each in _announced_sizes(file, found, head):
            room = most_pixels(bytes_each, memory_bytes) if memory_bytes else max_pixels
            _refuse_if_larger(size, min(max_pixels, room), max_side_px)
    except BROKEN as exc:
        raise UnreadableImage(file_name=file_name) from exc
    finally:
        file.seek(0)
    return Source(found, size)


def _refuse_if_larger(size: Size, max_pixels: int, max_side_px: int) -> None:
    if size.pixels > max_pixels or max(size.width, size.height) > max_side_px:
        raise TooManyPixels(
            width=size.width, height=size.height, max_pixels=max_pixels, max_side_px=max_side_px
        )


class _Counted:
    """A file that can be read from `MAX_READS` times."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, MAX_READS
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise OSError(f"the header goes on for more than {MAX_READS} reads")
        return self._file.read(size)


def _announced_sizes(file: BinaryIO, format: str, head: bytes) -> Iterator[tuple[Size, int]]:
    """The size as shown, last; before it, the size that the decoder is going to make room for.

    Each with the bytes that decoding takes for a pixel.
    """
    if format == "heic":
        yield size_of_heic(file), bytes_a_pixel(format)
        return
    if format == "webp":
        yield _canvas_of_webp(head), bytes_a_pixel(format)
    picture = open_picture(cast("IO[bytes]", _Counted(file)), format)
    yield upright_size(picture, orientation_of(picture)), bytes_a_pixel(format, picture)


def _canvas_of_webp(head: bytes) -> Size:
    """The size by the first chunk: opening a WebP already makes room for two such canvases.

    Source: RFC 9649, sections 2.5 to 2.7 and 3.4.
    """
    kind, data = head[12:16], head[20:30]
    if kind == b"VP8X":
        return Size(1 + _little(data[4:7]), 1 + _little(data[7:10]))
    if kind == b"VP8L":
        bits = _little(data[1:5])
        return Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    return Size(_little(data[6:8]) & 0x3FFF, _little(data[8:10]) & 0x3FFF)


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
