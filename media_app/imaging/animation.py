"""Animations: how many frames a file has, by its structure, and a film of them that moves again."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from media_app.exceptions import UnreadableSource
from media_app.geometry import Size
from media_app.imaging.colour import to_srgb
from media_app.imaging.opening import BROKEN, open_picture
from media_app.imaging.shrinking import shrunk

if TYPE_CHECKING:
    from PIL.Image import Image

    from media_app.presets import Format

#: Milliseconds. Browsers show frames that are to last less than 20 ms for 100.
_SHORTEST_MS, _USUAL_MS = 20, 100


def frames_of(data: bytes, format: str) -> int:
    """How many frames a GIF or WebP has; 1 for other formats. Nothing is decoded.

    Raises:
        UnreadableSource: it has more than one, and its end is missing.
    """
    if format == "webp":
        return _webp_frames(data)
    return _gif_frames(data) if format == "gif" else 1


def film(data: bytes, format: str, size: Size, written: Format) -> bytes:
    """The animation in that size, as a file that moves for as long and as often.

    One frame is decoded, shrunk and encoded at a time: the memory is that of one frame and of the
    file. Every frame keeps its time, but those that browsers show for 100 ms say so.

    Raises:
        UnreadableSource: a frame is damaged.
    """
    try:
        reel = _Reel(data, format, size)
        file = BytesIO()
        reel.first.save(
            file,
            written.name,
            save_all=True,
            append_images=[reel],
            duration=reel.durations_ms,
            loop=reel.loop,
            **dict(written.options),
        )
    except BROKEN as exc:
        raise UnreadableSource(found=f"{format.upper()}: {exc}"[:200]) from exc
    return file.getvalue()


class _Reel:
    """All frames after the first, as Pillow's writer asks for them: one after the other."""

    def __init__(self, data: bytes, format: str, size: Size) -> None:
        self._picture = open_picture(BytesIO(data), format)
        self._format, self._size = format, size
        self._profile = self._picture.info.get("icc_profile")
        self.n_frames = frames_of(data, format) - 1
        self.durations_ms: list[int] = []
        self.first = self._frame = self._shown(0)
        self.loop = self._plays()

    def __getattr__(self, name: str) -> Any:
        """All else that the writer asks is a question to the frame at hand."""
        return getattr(self._frame, name)

    def seek(self, index: int) -> None:
        self._frame = self._shown(index + 1)

    def _shown(self, index: int) -> Image:
        picture = self._picture
        picture.seek(index)
        picture.load()
        lasts = int(picture.info.get("duration", 0))
        self.durations_ms.append(lasts if lasts >= _SHORTEST_MS else _USUAL_MS)
        return to_srgb(shrunk(picture, self._size), self._profile)

    def _plays(self) -> int:
        """How often it is shown, 0 for ever. A GIF counts repetitions: none if it says nothing."""
        loop = self._picture.info.get("loop")
        if self._format == "gif":
            return 1 if loop is None else loop and loop + 1
        return loop or 0


def _webp_frames(data: bytes) -> int:
    """Source: RFC 9649, section 2.7."""
    at, count = 12, 0
    while at + 8 <= len(data):
        count += data[at : at + 4] == b"ANMF"
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return max(count, 1)


def _gif_frames(data: bytes) -> int:
    """Source: GIF89a specification, sections 17 to 27."""
    count = 0
    try:
        at = 13 + _table_bytes(data[10])
        while (kind := data[at]) in b"\x21\x2c":
            count += kind == 0x2C
            at += 2 if kind == 0x21 else 11 + _table_bytes(data[at + 9])
            while data[at]:
                at += data[at] + 1
            at += 1
    except IndexError:
        if count > 1:
            raise UnreadableSource(found="GIF: the end is missing") from None
    return max(count, 1)


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
