"""Whether this worker reaches Redis: one line in the log when that ends, one when it is back."""

from __future__ import annotations

import logging
import threading
import time

logger = logging.getLogger("actors.worker")

#: Seconds between two tries, the first and the longest.
PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)


class Health:
    """Shared by the threads of a worker process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost_at: float | None = None

    def lost(self, error: BaseException) -> None:
        """Take note that Redis could not be reached."""
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
        if self._lost_at is None:
            return
        with self._lock:
            lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None:
            logger.warning("Redis is back after %.1f s.", time.monotonic() - lost_at)


def pause_s(failures: int) -> float:
    """Return how long to wait after so many failures in a row."""
    return PAUSES_S[min(failures, len(PAUSES_S) - 1)]
