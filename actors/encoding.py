"""Dramatiq's JSON, written and read by a fast library; what that can't do, by the standard one.

What `json` refuses is refused here: the fast library would turn a date or a UUID into text, and the
actor would get something else than was sent.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
from dramatiq.encoder import Encoder, JSONEncoder, MessageData

_fast = msgspec.json.Encoder()
_fast_decode = msgspec.json.Decoder().decode
_plain = JSONEncoder()
#: What both libraries write alike, whatever its value.
_SAFE = frozenset({str, bool, type(None)})
_INT_LIMIT = 2**63


class FastEncoder(Encoder):
    """Dramatiq's encoder, for `DRAMATIQ_ENCODER`; the wire format is that of its `JSONEncoder`."""

    def encode(self, data: MessageData) -> bytes:
        """Return JSON.

        Raises:
            TypeError: Something in `data` has no form in JSON.
        """
        return encode(data)

    def decode(self, data: bytes) -> MessageData:
        """Return what JSON says.

        Raises:
            DecodeError: It is none.
        """
        try:
            return _fast_decode(data)  # type: ignore[no-any-return]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _plain.decode(data)


def encode(value: Any) -> bytes:
    """Return a value as JSON.

    Raises:
        TypeError: It has no form in JSON.
        ValueError: It contains itself.
    """
    if is_simple(value):
        try:
            return _fast.encode(value)
        except (TypeError, ValueError, msgspec.MsgspecError):
            pass
    return json.dumps(value, separators=(",", ":")).encode()


def encode_simple(value: Any) -> bytes:
    """Return as JSON what `is_simple` has said yes to."""
    return _fast.encode(value)


def decode(data: bytes) -> Any:
    """Return the value that JSON says."""
    try:
        return _fast_decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(data)


def is_simple(value: Any, depth: int = 0) -> bool:
    """Return whether a value is of the plain types that both libraries write alike."""
    kind = type(value)
    if kind in _SAFE:
        return True
    if kind is int:
        return bool(-_INT_LIMIT <= value < _INT_LIMIT)
    if kind is float:
        return math.isfinite(value)
    if depth > 20:
        return False
    if kind is list or kind is tuple:
        return all(is_simple(each, depth + 1) for each in value)
    if kind is dict:
        return all(type(key) is str for key in value) and all(
            is_simple(each, depth + 1) for each in value.values()
        )
    return False
