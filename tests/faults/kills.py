"""Kills workers, and finds when what they held ran again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tests.faults.rig import Rig
from tests.faults.trace import Step
from tests.faults.workers import Worker


class Kill(NamedTuple):
    """When a worker was killed, and what it held and had not run to its end."""

    at: float
    group_id: int
    held: frozenset[str]


def has_started_some(rig: Rig, worker: Worker) -> bool:
    """Whether this worker, since it was last started, has begun to run messages."""
    return any(step.group_id == worker.group_id for step in rig.trace.steps())


def kill_a_worker(rig: Rig, worker: Worker) -> Kill:
    """Kill one that has started some."""
    group_id, at = worker.group_id, time.monotonic()
    worker.kill()
    steps = [step for step in rig.trace.steps() if step.group_id == group_id]
    ended = {step.token for step in steps if step.what == "ended"}
    held = set(rig.redis.hkeys(f"dramatiq:__held__:{steps[0].worker_id}"))
    return Kill(at, group_id, frozenset(held - ended))


def times_until_back(kills: Sequence[Kill], steps: Iterable[Step]) -> Iterator[float]:
    """Return the seconds from each kill to the next start of each message that it met.

    A message whose next holder was killed too, before it started, counts from that kill.
    """
    starts: dict[str, list[Step]] = {}
    for step in steps:
        if step.what == "started":
            starts.setdefault(step.token, []).append(step)
    for kill in kills:
        for token in kill.held:
            later = [
                s.at
                for s in starts.get(token, ())
                if s.at > kill.at and s.group_id != kill.group_id
            ]
            again = min(later, default=None)
            if again is not None and not _met_again(kills, kill, token, again):
                yield again - kill.at


def _met_again(kills: Sequence[Kill], kill: Kill, token: str, before: float) -> bool:
    return any(kill.at < other.at < before and token in other.held for other in kills)
