"""Fetches messages of one queue: at once, or as soon as it has some.

Parking and fetching leave in one write: Redis answers the second when the first has come true. So a
message is a single answer away, and held in Redis under this worker's name before it leaves. It
wakes one worker only: those that wake for nothing would take the processor from the one that works.
"""

from __future__ import annotations

import itertools
import time
from typing import Any, NamedTuple

from actors import conf
from actors.wire.address import address_of
from actors.wire.lines import Line
from actors.wire.replies import ReplyError
from actors.wire.scripts import FETCH, Command
from actors.worker.unanswered import Unanswered

#: Seconds that a parked connection waits, before it says that it still does.
PARK_S = 25

_numbers = itertools.count(1)


class Fetched(NamedTuple):
    """What a fetch found. `deaths`: of the suspect that it is, or 0; `suspects`: those left."""

    number: str
    suspects: int
    deaths: int
    messages: list[tuple[str, bytes]]
    is_full: bool


class Fetcher:
    """The connection of one consumer; used by its thread only."""

    def __init__(self, namespace: str, worker_id: str, queue_name: str) -> None:
        self._namespace, self._worker_id, self._queue_name = namespace, worker_id, queue_name
        self._key = f"{namespace}:{queue_name}"
        self._unanswered = Unanswered(namespace, worker_id)
        self._line: Line | None = None
        self._parked: tuple[str, int] | None = None

    @property
    def is_parked(self) -> bool:
        """Whether a fetch is on its way that waits for a message."""
        return self._parked is not None

    def fetch(self, most: int, few: int, *, is_alone: bool) -> Fetched:
        """Fetch what is there, at most `few` where priorities wait."""
        line, number = self._connected(), f"{next(_numbers):x}"
        self._unanswered.begin(number)
        command = self._command(number, most, few, is_alone=is_alone)
        (answer,) = line.exchange([command], self._deadline())
        return self._read(number, most, answer)

    def park(self, most: int) -> None:
        """Have up to `most` messages fetched as soon as there are any."""
        line, number = self._connected(), f"{next(_numbers):x}"
        woken = f"{self._key}.woken"
        wait: Command = ("BLMOVE", self._key, woken, "LEFT", "RIGHT", PARK_S)
        self._unanswered.begin(number)
        self._parked = (number, most)
        line.send([wait, self._command(number, most, most, is_alone=False)], self._deadline())

    def collect(self, within_s: float) -> Fetched | None:
        """Return what the parked fetch found, None where nothing came in that time."""
        assert self._parked
        assert self._line
        if not self._line.has_answer(within_s):
            return None
        number, most = self._parked
        waited, answer = (self._line.receive(self._deadline()) for _ in range(2))
        self._parked = None
        fetched = self._read(number, most, answer)
        if isinstance(waited, ReplyError) and not fetched.messages:
            raise waited
        return fetched

    def hang_up(self) -> None:
        """Close the connection; what a fetch may have taken unseen goes back later."""
        self._parked = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def finish(self) -> None:
        """Close it for good: what a parked fetch takes meanwhile goes back to its queue."""
        self.hang_up()
        if self._unanswered:
            self._connected()
            self.hang_up()

    def _command(self, number: str, most: int, few: int, *, is_alone: bool) -> Command:
        queue, worker = self._queue_name, self._worker_id
        return FETCH(self._namespace, queue, worker, number, most, few, int(is_alone))

    def _read(self, number: str, most: int, answer: Any) -> Fetched:
        if isinstance(answer, ReplyError):
            raise answer
        self._unanswered.end(number)
        suspects, deaths, *found = answer
        pairs = zip(found[::2], found[1::2], strict=True)
        messages = [(held_id.decode(), data) for held_id, data in pairs]
        return Fetched(number, suspects, deaths, messages, len(messages) >= most)

    def _connected(self) -> Line:
        if self._line is None:
            self._line = Line(address_of(conf.redis_url()), conf.send_timeout_s())
            self._unanswered.give_back(self._line)
        return self._line

    def _deadline(self) -> float:
        return time.monotonic() + conf.send_timeout_s()
