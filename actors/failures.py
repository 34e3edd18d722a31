"""Exceptions as data: what a failed message leaves behind, and the exception made of it again.

A record comes from Redis and is not trusted: it names a class, and that class is used only where it
is loaded already and is an exception. Nothing is imported, and nothing of the record is called.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any, TypedDict

#: Lines kept of a traceback, the innermost.
TRACEBACK_FRAMES = 30


class Failure(TypedDict):
    """An exception as JSON. `type` and `msg` are Dramatiq's names for it."""

    type: str
    msg: str
    module: str
    qualname: str
    traceback: str


def failure_of(error: BaseException) -> Failure:
    """Return what is kept of an exception."""
    return {
        "type": type(error).__name__,
        "msg": str(error),
        "module": type(error).__module__,
        "qualname": type(error).__qualname__,
        "traceback": traceback_of(error),
    }


def traceback_of(error: BaseException) -> str:
    """Return the traceback as text, cut to its innermost frames."""
    return "".join(traceback.format_exception(error, limit=-TRACEBACK_FRAMES))


def exception_of(failure: Mapping[str, Any]) -> Exception | None:
    """Return the exception that a record describes, or None where its class can't be used here.

    Its constructor is not called, for that may want other arguments: the text is its only one.
    """
    found: Any = sys.modules.get(str(failure.get("module")))
    for part in str(failure.get("qualname", "")).split("."):
        found = getattr(found, "__dict__", {}).get(part)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        return None
    text = str(failure.get("msg", ""))
    error = Exception.__new__(found, text)
    error.args = (text,)
    error.add_note(str(failure.get("traceback", "")))
    return error
