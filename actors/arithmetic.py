"""The tutorial's actors."""

from __future__ import annotations

from actors import actor


@actor(max_retries=0, time_limit=10_000)
def add(x: int, y: int) -> int:
    """Return the sum."""
    return x + y


@actor(max_retries=0, time_limit=10_000)
def multiply(x: int, y: int) -> int:
    """Return the product."""
    return x * y
