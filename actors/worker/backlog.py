"""What a worker process has fetched and not started: the queue between its consumers and threads.

Has the interface of `queue.PriorityQueue` as far as Dramatiq's worker uses it, costs less, and
wakes no more threads than there is work for: eight threads that fight for one interpreter over
messages of microseconds are slower than one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from queue import Empty
from typing import Any

#: Seconds. Messages that take less are run one after the other, by a thread that is awake.
QUICK_S = 0.0003


class Backlog:
    """Messages by their actor's priority (Dramatiq's: lower first), then age."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._finished = threading.Condition(self._lock)
        self._by_priority: dict[int, deque[Any]] = {0: deque()}
        self._length = 0
        self._idle = 0
        self._woken = 0
        #: Seconds that messages take, as of late; threads wait in order to learn it.
        self.duration_s = 1.0
        self.last_taken = 0.0
        self.unfinished_tasks = 0

    def __len__(self) -> int:
        return self._length

    @property
    def idle(self) -> int:
        """How many threads wait for work."""
        return self._idle

    def put(self, item: Any) -> None:
        """Add a message, and wake a thread where that is of use."""
        with self._lock:
            waiting = self._by_priority.get(item.priority)
            if waiting is None:
                waiting = self._by_priority[item.priority] = deque()
            waiting.append(item)
            if self._length == 0:
                self.last_taken = time.monotonic()
            self._length += 1
            self.unfinished_tasks += 1
            if self._idle > self._woken and (self._woken == 0 or self.duration_s > QUICK_S):
                self._wake()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the next message.

        Raises:
            Empty: There is none within `timeout` seconds.
        """
        with self._lock:
            if self._length == 0 and block:
                self._wait(timeout)
            if self._length == 0:
                raise Empty
            item = self._take()
            self.last_taken = time.monotonic()
            if self._length and self._idle > self._woken and self.duration_s > QUICK_S:
                self._wake()
            return item

    def get_nowait(self) -> Any:
        """Return the next message, or raise `Empty`."""
        return self.get(block=False)

    def put_nowait(self, item: Any) -> None:
        """Add a message."""
        self.put(item)

    def empty(self) -> bool:
        """Return whether nothing waits."""
        return self._length == 0

    def qsize(self) -> int:
        """Return how many wait."""
        return self._length

    def task_done(self) -> None:
        """Count one as done."""
        with self._lock:
            self.unfinished_tasks -= 1
            if self.unfinished_tasks == 0:
                self._finished.notify_all()

    def join(self) -> None:
        """Wait until all are done."""
        with self._lock:
            while self.unfinished_tasks:
                self._finished.wait()

    @property
    def all_tasks_done(self) -> threading.Condition:
        """The condition that `dramatiq.common.join_queue` waits for."""
        return self._finished

    def wake_one(self) -> None:
        """Wake a thread more: those awake are busy."""
        with self._lock:
            if self._length and self._idle:
                self._wake()

    def empty_out(self) -> list[Any]:
        """Take all that wait, in order, as if done."""
        items = []
        with self._lock:
            while self._length:
                items.append(self._take())
        for _ in items:
            self.task_done()
        return items

    def learn(self, duration_s: float) -> None:
        """Take note of how long a message took."""
        known = self.duration_s
        # One that takes far longer counts at once, so that what others could run is not held back.
        weight = 1.0 if duration_s > 8 * known or known == 1.0 else 0.1
        self.duration_s = known + (duration_s - known) * weight

    def _wake(self) -> None:
        self._woken += 1
        self._filled.notify()

    def _wait(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        self._idle += 1
        try:
            while self._length == 0:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                self._filled.wait(left)
                self._woken = max(self._woken - 1, 0)
        finally:
            self._idle -= 1

    def _take(self) -> Any:
        self._length -= 1
        if len(self._by_priority) == 1:
            return self._by_priority[0].popleft()
        first = min(priority for priority, waiting in self._by_priority.items() if waiting)
        return self._by_priority[first].popleft()
