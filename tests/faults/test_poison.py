"""A message that kills its worker, among good ones, while Redis comes and goes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.faults import size
from tests.faults.rig import Rig, dead_tokens, new_token
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(600)]

#: Messages that run between two outages, at least.
BETWEEN = 20


def test_a_poison_among_two_hundred_is_the_one_dead_letter_whatever_redis_does(
    rig: Rig, report: Callable[[str], None]
) -> None:
    poison, good = new_token(), [new_token() for _ in range(200)]
    rig.sender.send_many(good[:50], seconds=0.2)
    rig.sender.poison(poison)
    rig.sender.send_many(good[50:], seconds=0.2)

    lose_redis(rig, rig.server.freeze, rig.server.thaw)
    lose_redis(rig, rig.server.kill, rig.server.start)
    lose_redis(rig, rig.server.freeze, rig.server.thaw)
    rig.wait_for({*good, poison}, within=size.LOST_AFTER_S)

    deaths = sum(step.token == poison for step in rig.trace.steps())
    report(f"poison, 3 outages of {size.OUTAGE_S:g} s: a dead letter after {deaths} deaths")
    assert dead_tokens() == {poison}
    assert set(good) <= rig.trace.ended()
    assert deaths == 3


def lose_redis(rig: Rig, go: Callable[[], None], come_back: Callable[[], None]) -> None:
    """Lose it amid work."""
    ended = len(rig.trace.ended())
    eventually(lambda: len(rig.trace.ended()) >= ended + BETWEEN, within=60, what="work goes on")
    go()
    time.sleep(size.OUTAGE_S)
    come_back()
