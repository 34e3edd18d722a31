"""Has the kernel signal a process when its parent dies, where the kernel can: Linux.

Elsewhere nothing happens here: `actors.parent_watch` ends our own processes, and the next start
ends the rest by their recorded ids.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

#: From <sys/prctl.h>. Survives exec, not fork.
_PR_SET_PDEATHSIG = 1


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what the child calls between fork and exec, or None where the kernel cannot."""
    if sys.platform != "linux":
        return None
    # Loaded here, before the fork: the child may do very little.
    prctl = ctypes.CDLL(None).prctl
    parent_pid = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent_pid:  # died before the line above: no signal would ever come
            os._exit(1)

    return arm
