"""RESP2 and RESP3 framing: where a frame ends, and the words of a request. Holds no connection."""

from __future__ import annotations

_SIZED = frozenset(b"$=!")
_FILLED = {ord("*"): 1, ord("~"): 1, ord(">"): 1, ord("%"): 2, ord("|"): 2}
_PUSHED = (b"message", b"pmessage", b"smessage", b"invalidate")


def frame_end(data: bytes | bytearray, start: int) -> int | None:
    """Return where the frame that begins at `start` ends, or None while it is not all there."""
    line_end = data.find(b"\r\n", start)
    if line_end < 0:
        return None
    kind, position = data[start], line_end + 2
    if kind in _SIZED:
        size = int(data[start + 1 : line_end])
        end = position if size < 0 else position + size + 2
        return end if end <= len(data) else None
    if kind not in _FILLED:
        return position
    count = int(data[start + 1 : line_end]) * _FILLED[kind]
    if kind == ord("|"):
        count += 1  # an attribute stands before the value that it describes
    return _end_of(count, data, position)


def frames(data: bytearray) -> list[bytes]:
    """Take the whole frames off the front of `data`."""
    found, position = [], 0
    while (end := frame_end(data, position)) is not None:
        found.append(bytes(data[position:end]))
        position = end
    del data[:position]
    return found


def words(frame: bytes) -> list[bytes]:
    """Return the words of a request, or of any flat array of strings; a simple line is one."""
    if frame[:1] not in (b"*", b">"):
        return frame.split()
    found, position = [], frame.index(b"\r\n") + 2
    while position < len(frame):
        line_end = frame.index(b"\r\n", position)
        end = frame_end(frame, position) or len(frame)
        is_sized = frame[position] in _SIZED
        found.append(frame[line_end + 2 : end - 2] if is_sized else frame[position + 1 : line_end])
        position = end
    return found


def is_told(frame: bytes) -> bool:
    """Whether the server sent this by itself: no command waits for it."""
    return frame[:1] in (b"*", b">") and words(frame)[:1] in ([kind] for kind in _PUSHED)


def _end_of(count: int, data: bytes | bytearray, start: int) -> int | None:
    position: int | None = start
    for _ in range(count):
        if position is None:
            break
        position = frame_end(data, position)
    return position
