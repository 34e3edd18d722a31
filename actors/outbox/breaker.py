"""Keeps who could do without Redis from waiting for it while it is away."""

from __future__ import annotations

import time

from actors import conf

#: Seconds that others pass by after somebody has waited in vain.
PAUSE_S = 1.0


class Breaker:
    """Closed: all try. Open: one in `PAUSE_S` tries, the others pass by at once.

    Of one process. Threads need no lock: two that try at once do no harm.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._next_try = 0.0

    def lets_try(self) -> bool:
        """Return whether to try now. Who is let tells how it went, or another is let later."""
        if not self._is_open:
            return True
        now = time.monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + conf.send_timeout_s() + PAUSE_S
        return True

    def failed(self) -> bool:
        """Open, or stay so; return whether it was closed before."""
        was_open, self._is_open = self._is_open, True
        self._next_try = time.monotonic() + PAUSE_S
        return not was_open

    def worked(self) -> bool:
        """Close; return whether it was open before."""
        was_open, self._is_open = self._is_open, False
        return was_open
