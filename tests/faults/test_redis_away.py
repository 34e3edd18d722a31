"""Redis is down or frozen: senders hear of it in time, workers go on by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from django.conf import settings

from tests.faults import size
from tests.faults.rig import Rig, new_token
from tests.timing import in_time
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(300)]

#: Seconds over the deadline, milliseconds that the loop may be late: 10, and 20 for a machine that
#: runs other tests too. Of the median round.
OVER_S, LATE_MS = 0.05, 30.0

type Away = tuple[Callable[[], None], Callable[[], None]]


@pytest.fixture(params=["down", "frozen"])
def away(request: pytest.FixtureRequest, rig: Rig) -> Away:
    """How Redis goes away, and how it comes back."""
    ways = {"down": (rig.server.kill, rig.server.start)}
    ways["frozen"] = (rig.server.freeze, rig.server.thaw)
    return ways[request.param]


@pytest.mark.parametrize("way", ["adelay", "delay"])
def test_a_send_fails_within_its_deadline_and_the_next_after_the_return_works(
    rig: Rig, away: Away, way: str, report: Callable[[str], None]
) -> None:
    rounds = [one_round(rig, *away, way=way) for _ in range(size.AWAY_ROUNDS)]

    took_s, late_ms = ([outcome[name] for outcome in rounds] for name in ("took_s", "late_ms"))
    report(
        f"{way}, Redis gone by {away[0].__name__}: an error after {median(took_s):.3f} s, at most "
        f"{max(took_s):.3f} s; the loop {median(late_ms):.1f} ms late, at most {max(late_ms):.1f}"
    )
    assert {outcome["error"] for outcome in rounds} == {"BrokerUnavailable"}
    in_time(median(took_s), settings.ACTORS_SEND_TIMEOUT_S + OVER_S)
    if way == "adelay":
        in_time(median(late_ms), LATE_MS, "the loop was late by")


def test_workers_reconnect_by_themselves_with_one_line_each_way(rig: Rig, away: Away) -> None:
    running, later = new_token(), new_token()
    rig.sender.send_many([running], seconds=1.0)
    eventually(lambda: started(rig, running), what="it runs")
    words_before = [worker.log() for worker in rig.workers]

    away[0]()
    time.sleep(size.OUTAGE_S)
    away[1]()
    rig.sender.send_many([later], seconds=0.0)
    rig.wait_for({running, later})

    rig.wait_until_empty()
    for worker, before in zip(rig.workers, words_before, strict=True):
        lines = worker.log().removeprefix(before).splitlines()
        told = [line for line in lines if "Redis is" in line]
        assert ["is away" in line for line in told] == [True, False], lines
        assert "is back after" in told[1]
    assert started(rig, running) == 1


def one_round(
    rig: Rig, go: Callable[[], None], come_back: Callable[[], None], *, way: str
) -> dict[str, Any]:
    """Send while Redis is there, while it is away, and again once it is back."""
    assert rig.sender.timed(way)["error"] is None
    go()
    outcome = rig.sender.timed(way)
    come_back()
    assert rig.sender.timed(way)["error"] is None
    return outcome


def started(rig: Rig, token: str) -> int:
    """Return how often it was started."""
    return sum(step.token == token and step.what == "started" for step in rig.trace.steps())
