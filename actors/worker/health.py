"""Whether this worker reaches Redis: one line in the log when that ends, one when it is back.

A server that answers and refuses (its memory is full) is told of apart, likewise once each way.
"""

from __future__ import annotations

import logging
import threading
import time

from actors.wire.replies import ReplyError

logger = logging.getLogger("actors.worker")

#: Seconds between two tries, the first and the longest.
PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
#: Seconds without a refusal after which Redis takes commands again: it refuses some, not all.
CALM_S = 5.0


class Health:
    """Shared by the threads of a worker process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost_at: float | None = None
        self._refused_at: float | None = None
        self._refused_last = 0.0

    def lost(self, error: BaseException) -> None:
        """Take note that Redis could not be reached, or refused a command."""
        if isinstance(error, ReplyError):
            self._refused(error)
            return
        with self._lock:
            if self._lost_at is not None:
                return
            self._lost_at = time.monotonic()
        logger.warning(
            "Redis is away (%s). This worker tries again until it is back; nothing is lost.",
            str(error) or type(error).__name__,
        )

    def reached(self) -> None:
        """Take note that Redis answered."""
        if self._lost_at is None and self._refused_at is None:
            return
        now = time.monotonic()
        with self._lock:
            lost_at, self._lost_at = self._lost_at, None
            refused_at = self._refused_at
            if refused_at is not None and now - self._refused_last >= CALM_S:
                self._refused_at = None
        if lost_at is not None:
            logger.warning("Redis is back after %.1f s.", now - lost_at)
        if refused_at is not None and self._refused_at is None:
            logger.warning("Redis has refused nothing for %.0f s: all is well again.", CALM_S)

    def _refused(self, error: ReplyError) -> None:
        with self._lock:
            is_known = self._refused_at is not None
            self._refused_last = time.monotonic()
            self._refused_at = self._refused_at or self._refused_last
        if not is_known:
            logger.warning(
                "Redis refuses commands (%s). This worker tries again until it takes them; "
                "nothing is lost.",
                error,
            )


def pause_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row."""
    return PAUSES_S[min(failures, len(PAUSES_S) - 1)]
