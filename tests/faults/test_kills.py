"""Workers are killed again and again, at random moments, and nothing is lost."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.faults import size
from tests.faults.kills import Kill, has_started_some, kill_a_worker, times_until_back
from tests.faults.rig import Rig, dead_tokens, new_token
from tests.timing import in_time
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(600)]


def test_killed_workers_lose_nothing_and_what_they_held_is_back_in_time(
    rig: Rig, report: Callable[[str], None]
) -> None:
    tokens = [new_token() for _ in range(size.MESSAGES)]
    begun = time.monotonic()
    rig.sender.send_many(tokens, size.SECONDS_EACH)

    kills = list(kills_at_random(rig))
    rig.wait_for(set(tokens), within=size.LOST_AFTER_S)

    back_s = sorted(times_until_back(kills, rig.trace.steps()))
    p50, p99 = (back_s[int(len(back_s) * part)] for part in (0.5, 0.99))
    report(
        f"{size.KILLS} kills, which met {len(back_s)} messages: they ran again after p50 "
        f"{p50:.1f}, p99 {p99:.1f}, max {back_s[-1]:.1f} s; all {size.MESSAGES} after "
        f"{time.monotonic() - begun:.0f} s, {len(dead_tokens() & set(tokens))} dead letters"
    )
    assert sum(bool(kill.held) for kill in kills) > size.KILLS * 0.6
    in_time(back_s[-1], size.BACK_WITHIN_S)


def kills_at_random(rig: Rig) -> Iterator[Kill]:
    """Kill one or the other, a while after both have begun to run messages.

    So one lives at any time: how long a process takes to start is not measured.
    """
    for _ in range(size.KILLS):
        for worker in rig.workers:
            eventually(partial(has_started_some, rig, worker), within=30, what="both run messages")
        time.sleep(random.uniform(0.0, 1.5))
        yield kill_a_worker(rig, random.choice(rig.workers))
