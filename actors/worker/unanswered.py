"""Fetches whose answer never came: Redis may have acted, and hold messages that nobody runs."""

from __future__ import annotations

import time
from typing import Any

from actors import conf
from actors.wire.lines import Line
from actors.wire.replies import ReplyError
from actors.wire.scripts import GIVE_BACK

#: Seconds that such a fetch takes nothing, where Redis meets it late. Longer than one is parked.
VOID_S = 600


class Unanswered:
    """The numbers of such fetches of one consumer; what they took goes back to its queue."""

    def __init__(self, namespace: str, worker_id: str) -> None:
        self._namespace, self._worker_id = namespace, worker_id
        self._numbers: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def begin(self, number: str) -> None:
        """Take note that a fetch leaves."""
        self._numbers.add(number)

    def end(self, number: str) -> None:
        """Take note of its answer."""
        self._numbers.discard(number)

    def give_back(self, line: Line) -> None:
        """Have them take nothing any more, and give back what they took."""
        if not self._numbers:
            return
        void = f"{self._namespace}:__void__:{self._worker_id}"
        _ask(line, "HSET", void, *(field for number in self._numbers for field in (number, 1)))
        _ask(line, "EXPIRE", void, VOID_S)
        held = _ask(line, "HGETALL", f"{self._namespace}:__held__:{self._worker_id}")
        fields: list[str | bytes] = []
        for held_id, mark in held.items():
            number, _, queue_name = mark.decode().split(":", 2)
            if number in self._numbers:
                fields += (queue_name, held_id, number)
        if fields:
            _ask(line, *GIVE_BACK(self._namespace, self._worker_id, *fields))
        self._numbers.clear()


def _ask(line: Line, *command: str | bytes | int) -> Any:
    answer = line.exchange([command], time.monotonic() + conf.send_timeout_s())[0]
    if isinstance(answer, ReplyError):
        raise answer
    return answer
