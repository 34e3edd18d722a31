"""Waiting for a thing, with a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until[T](
    look: Callable[[], T],
    *,
    within_s: float = 10.0,
    ignoring: type[BaseException] | tuple[type[BaseException], ...] = (),
) -> T:
    """Return what `look` finds once that is true; fail, saying what it found last."""
    deadline = time.monotonic() + within_s
    found: object = None
    while time.monotonic() < deadline:
        try:
            found = look()
        except ignoring as error:
            found = error
        else:
            if found:
                return found
        time.sleep(0.02)
    raise AssertionError(f"Not within {within_s:g} s; found last: {found!r}")
