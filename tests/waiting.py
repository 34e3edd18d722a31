"""Waiting for a thing, with a deadline, instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually[T](
    look: Callable[[], T],
    *,
    within: float = 30.0,
    what: str = "what the test waits for",
    ignoring: type[BaseException] | tuple[type[BaseException], ...] = (),
) -> T:
    """Return the first truthy value of `look`; fails after `within` seconds, saying `what`."""
    deadline = time.monotonic() + within
    while True:
        try:
            seen: object = (found := look())
            if found:
                return found
        except ignoring as error:
            seen = error
        assert time.monotonic() < deadline, f"Not within {within} s: {what} (last: {seen!r})"
        time.sleep(0.03)
