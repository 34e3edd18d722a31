"""Which bytes of a file a `Range` header asks for. Source: RFC 9110, section 14. Pure."""

from __future__ import annotations

import re

#: One range: `bytes=0-499`, `bytes=500-`, `bytes=-500`. Longer numbers are no position in a file.
_ONE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class NotSatisfiable(ValueError):
    """Nothing of the file lies in the range: 416."""


def asked_for(header: str, size_bytes: int) -> range | None:
    """Return the positions to send; None where the header is to be ignored and all is sent.

    That is what 14.2 allows for several ranges, and asks for with unknown units and nonsense.

    Raises:
        NotSatisfiable: The range begins behind the end, or is empty.
    """
    match = _ONE.fullmatch(header.strip())
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        return None
    if first and last and int(last) < int(first):
        return None
    found = _from_end(int(last), size_bytes) if not first else _between(first, last, size_bytes)
    if not found:
        raise NotSatisfiable(header)
    return found


def content_range(found: range, size_bytes: int) -> str:
    """Return the `Content-Range` that says which part of the file is sent."""
    return f"bytes {found.start}-{found.stop - 1}/{size_bytes}"


def _from_end(length_bytes: int, size_bytes: int) -> range:
    return range(max(size_bytes - length_bytes, 0), size_bytes)


def _between(first: str, last: str, size_bytes: int) -> range:
    return range(int(first), min(int(last) + 1, size_bytes) if last else size_bytes)
