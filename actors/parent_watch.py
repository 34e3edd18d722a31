"""Ends this process when its parent is gone, so that no orphan works on.

Standard library only; knows nothing of Django or Dramatiq. Works where the kernel offers no signal
for it, and survives a parent that was killed with SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable

#: Seconds between two looks. An orphan is gone within 5 s, slow machines included.
INTERVAL_S = 0.5

_watching_pid: int | None = None


def end_now() -> None:
    """End this process at once, without clean-up: what it held is given back by others."""
    os._exit(1)


def watch_parent(on_gone: Callable[[], None] = end_now) -> None:
    """Call `on_gone` on a thread of its own once the parent of this process is gone.

    Idempotent per process. Threads do not survive a fork: call it again in the forked process.
    """
    global _watching_pid
    if _watching_pid == os.getpid():
        return
    _watching_pid = os.getpid()
    threading.Thread(
        target=_watch, args=(os.getppid(), on_gone), name="parent-watch", daemon=True
    ).start()


def _watch(parent_pid: int, on_gone: Callable[[], None]) -> None:
    while _is_parent_alive(parent_pid):
        time.sleep(INTERVAL_S)
    on_gone()


def _is_parent_alive(parent_pid: int) -> bool:
    """Return whether the parent lives.

    An orphan is given another parent. `multiprocessing` keeps a pipe to the parent besides, which
    also tells of one that was gone before the watch began.
    """
    parent = multiprocessing.parent_process()
    return os.getppid() == parent_pid and (parent is None or parent.is_alive())
