"""Exceptions as data: what a failed message leaves behind, and the exception made of it again.

A record comes from Redis and is not trusted: it names a class, and that class is used only where it
is loaded already and is an exception. Nothing is imported, and nothing of the record is called.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any, TypedDict

#: Frames kept of a traceback, the innermost.
TRACEBACK_FRAMES = 30
#: Characters kept of a traceback, one half from its beginning and one from its end.
TRACEBACK_LENGTH = 10_000
#: Characters kept of an exception's text.
TEXT_LENGTH = 2_000

#: What `type.__flags__` says of classes that are made while a program runs.
_IS_MADE_AT_RUN_TIME = 1 << 9


class Failure(TypedDict):
    """An exception as JSON. `type` and `msg` are Dramatiq's names for it."""

    type: str
    msg: str
    module: str
    qualname: str
    traceback: str


def failure_of(error: BaseException) -> Failure:
    """Return what is kept of an exception, bounded in size."""
    return {
        "type": type(error).__name__,
        "msg": text_of(error),
        "module": type(error).__module__,
        "qualname": type(error).__qualname__,
        "traceback": traceback_of(error),
    }


def text_of(error: BaseException) -> str:
    """Return what an exception says, cut to `TEXT_LENGTH`; also where it can't say it."""
    try:
        text = str(error)
    except Exception as refusal:
        text = f"(its text can't be had: {type(refusal).__name__})"
    return _storable(_cut(text, TEXT_LENGTH, kept_at_end=0))


def traceback_of(error: BaseException) -> str:
    """Return the traceback as text: the innermost frames, cut to `TRACEBACK_LENGTH`."""
    text = "".join(traceback.format_exception(error, limit=-TRACEBACK_FRAMES))
    return _storable(_cut(text, TRACEBACK_LENGTH, kept_at_end=TRACEBACK_LENGTH // 2))


def storable(text: object, most: int = TRACEBACK_LENGTH) -> str:
    """Return the text as Redis and every database can keep it, cut to `most` characters."""
    return _storable(str(text))[:most]


def exception_of(failure: Mapping[str, Any]) -> Exception | None:
    """Return the exception that a record describes, or None where its class can't be used here.

    Neither its constructor nor any other code of the class is run: the text is its only argument.
    """
    found = _class_of(str(failure.get("module")), str(failure.get("qualname", "")))
    if found is None:
        return None
    text = str(failure.get("msg", ""))
    # The innermost of its bases that Python itself brings knows how such an object is laid out.
    base: Any = next(each for each in found.__mro__ if not each.__flags__ & _IS_MADE_AT_RUN_TIME)
    try:
        error: Exception = base.__new__(found, text)
        BaseException.__dict__["args"].__set__(error, (text,))
        object.__setattr__(error, "__notes__", [str(failure.get("traceback", ""))])
    except (TypeError, AttributeError):
        return None
    return error


def _class_of(module: str, qualname: str) -> type[Exception] | None:
    """Return a loaded class of exceptions by its name.

    Looks into the dictionaries of modules and classes only, past every hook: an attribute of a lazy
    module or object would run its code.
    """
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        if issubclass(type(found), ModuleType):
            found = object.__getattribute__(found, "__dict__").get(name)
        elif issubclass(type(found), type):
            found = type.__dict__["__dict__"].__get__(found).get(name)
        else:
            return None
    if not (issubclass(type(found), type) and type.__subclasscheck__(Exception, found)):
        return None
    return found  # type: ignore[no-any-return]


def _cut(text: str, most: int, *, kept_at_end: int) -> str:
    if len(text) <= most:
        return text
    end = text[len(text) - kept_at_end :] if kept_at_end else ""
    return f"{text[: most - kept_at_end]}\n... (cut from {len(text)} characters)\n{end}".rstrip()


def _storable(text: str) -> str:
    """Return the text as Redis and every database can keep it."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
