"""Promised times.

What else a machine does can make anything late, and nothing early. So a test that saw a promise
broken is run again, up to four times, and no other failure is: `--only-rerun` in pyproject.toml.
"""

from __future__ import annotations


class TooLate(AssertionError):
    """A promised time was not kept, in this run at least."""


def in_time(took: float, bound: float, what: str = "it took") -> None:
    """Fail with `TooLate` unless `took` is below `bound`: both in the same unit."""
    if not took < bound:
        raise TooLate(f"{what} {took:.4g}, promised is less than {bound:.4g}")
