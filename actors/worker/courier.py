"""Carries ends to Redis: those of all threads of a process, many in one round trip.

A thread that ends a message does not wait for the answer while it has others to run. What could not
be sent stays here, in order, until Redis is back: the message is held there all the while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any

import hiredis

from actors import conf
from actors.wire.address import address_of
from actors.wire.lines import Line
from actors.wire.replies import ReplyError
from actors.wire.scripts import END, GIVE_BACK, Command
from actors.worker.deliveries import Delivery
from actors.worker.desk import Desk
from actors.worker.ends import End, end_of
from actors.worker.health import Health, pause_s

logger = logging.getLogger("actors.worker")

#: Ends in one call.
MOST_IN_A_CALL = 64
#: Ends gathered before a thread that has more to run carries them itself.
ENOUGH = 24
#: Seconds after which the oldest end leaves whatever else there is to do.
LATEST_S = 0.002
#: Seconds between two tries of an end that Redis refused.
REFUSED_PAUSE_S = 1.0


class Courier:
    """The one connection over which a worker process ends its messages."""

    def __init__(self, namespace: str, worker_id: str, desk: Desk, health: Health) -> None:
        self._namespace, self._worker_id = namespace, worker_id
        self._desk, self._health = desk, health
        self._ends: deque[End] = deque()
        self._refused: list[End] = []
        self._refused_until = 0.0
        self._returned: list[Delivery] = []
        self._busy = threading.Lock()
        self._line: Line | None = None
        self._oldest = 0.0
        self._failures = 0
        self._not_before = 0.0

    @property
    def is_due(self) -> bool:
        """Whether something waits that should leave now."""
        return bool(self._ends) and time.monotonic() - self._oldest >= LATEST_S

    @property
    def is_empty(self) -> bool:
        """Whether every end is known to Redis."""
        return not (self._ends or self._refused or self._returned)

    def add(self, end: End) -> None:
        """Take an end; it leaves at once where this process has nothing else to run."""
        if not self._ends:
            self._oldest = time.monotonic()
        self._ends.append(end)
        if len(self._desk.backlog) == 0 or len(self._ends) >= ENOUGH or self.is_due:
            self.carry()

    def carry(self) -> None:
        """Send what waits, unless another thread is at it: that one takes it along."""
        while self._ends and time.monotonic() >= self._not_before:
            if not self._busy.acquire(blocking=False):
                return
            try:
                while self._ends and self._carry_some():
                    pass
            finally:
                self._busy.release()

    def give_back(self, deliveries: list[Delivery]) -> None:
        """Return messages that were not run to the front of their queues."""
        with self._busy:
            self._returned += deliveries
            self._give_back()

    def retry(self) -> None:
        """Send again what Redis refused a while ago, and what could not be given back."""
        if (self._refused or self._returned) and time.monotonic() >= self._refused_until:
            with self._busy:
                self._refused_until = time.monotonic() + REFUSED_PAUSE_S
                refused, self._refused = self._refused, []
                self._ends.extend(refused)
                self._give_back()
            self.carry()

    def _give_back(self) -> None:
        returned = self._returned
        fields = [f for d in returned for f in (d.held_queue, d.held_id, d.number)]
        if (
            returned
            and self._exchange(GIVE_BACK(self._namespace, self._worker_id, *fields)) is not None
        ):
            self._returned = []
            self._desk.release(returned)

    def finish(self, within_s: float) -> bool:
        """Send what is left, trying for so long; return whether nothing is left."""
        deadline = time.monotonic() + within_s
        while not self.is_empty and time.monotonic() < deadline:
            self.carry()
            self.retry()
            if not self.is_empty:
                time.sleep(0.05)
        return self.is_empty

    def close(self) -> None:
        """Hang up."""
        with self._busy:
            self._hang_up()

    def _carry_some(self) -> bool:
        some = [self._ends[i] for i in range(min(len(self._ends), MOST_IN_A_CALL))]
        fields = [field for end in some for field in end.arguments()]
        answers = self._exchange(END(self._namespace, self._worker_id, *fields))
        if answers is None:
            return False
        for _ in some:
            self._ends.popleft()
        self._oldest = time.monotonic()
        self._settle(some, answers)
        return True

    def _settle(self, ends: list[End], answers: list[Any]) -> None:
        over = []
        for end, answer in zip(ends, answers, strict=True):
            if isinstance(answer, int) and answer != 2:
                over.append(end.delivery)
                if answer == 0:
                    logger.info("%s was taken back; its end changes nothing.", end.delivery)
            elif answer == 2:
                end.delivery.withdrawn = "revoked"
                self._ends.append(
                    end_of(end.delivery, is_dead=False, ttl_ms=end.ttl_ms, keeps_result=True)
                )
            else:
                if not end.is_refused:
                    logger.error(
                        "Redis refused the end of %s, which is tried again: %s",
                        end.delivery,
                        _text(answer),
                    )
                end.is_refused = True
                self._refused.append(end)
                self._refused_until = time.monotonic() + REFUSED_PAUSE_S
        self._desk.release(over)

    def _exchange(self, command: Command) -> Any:
        """Return the answer, or None where there is none and it is to be tried again."""
        timeout_s = conf.send_timeout_s()
        try:
            if self._line is not None and not self._line.is_fresh():
                self._hang_up()
            if self._line is None:
                self._line = Line(address_of(conf.redis_url()), timeout_s)
            answer = self._line.exchange([command], time.monotonic() + timeout_s)[0]
            if isinstance(answer, ReplyError):
                raise answer
        except (OSError, hiredis.HiredisError) as error:
            self._hang_up()
            self._health.lost(error)
            self._not_before = time.monotonic() + pause_s(self._failures)
            self._failures += 1
            return None
        except BaseException:
            # A thread may be interrupted by a time limit here: what it read half is worth nothing.
            self._hang_up()
            raise
        self._failures = 0
        self._health.reached()
        return answer

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _text(answer: Any) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
