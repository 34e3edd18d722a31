"""What the workers tidy for us: files that nothing names, left behind by a process that died."""

from __future__ import annotations

import logging
import time

from actors import chores
from media_app import orphans

logger = logging.getLogger(__name__)

#: Seconds between two looks through all files, and contents or uploads looked at in one step.
PAUSE_S = 86_400.0
STEP = 100


class OrphanWalk:
    """Goes through all stored contents, a step at a time, and begins anew a day after it ended."""

    def __init__(self) -> None:
        self._after, self._not_before = "", 0.0

    def step(self) -> bool:
        """Look at some contents; never more than once a round, so that a big store costs little."""
        if time.monotonic() < self._not_before:
            return False
        done = orphans.purge_orphans(STEP, after=self._after)
        self._after = done.after or ""
        if done.after is None:
            self._not_before = time.monotonic() + PAUSE_S
        _tell(done.removed, "that nothing named")
        return False


def purge_uploads() -> bool:
    """Remove what is left of uploads whose process died."""
    removed = orphans.purge_uploads(STEP)
    _tell(removed, "of uploads that were cut off")
    return removed == STEP


def register() -> None:
    """Have the workers do it, beside the sweep."""
    chores.register("orphaned files", OrphanWalk().step)
    chores.register("cut-off uploads", purge_uploads)


def _tell(removed: int, what: str) -> None:
    if removed:
        logger.info("Removed %d files %s.", removed, what)
