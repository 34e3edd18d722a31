"""A worker holds no more than it is about to run: the rest is for those that are idle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.arithmetic import add
from actors.worker.desk import MOST_AHEAD
from tests.fleet import Fleet
from tests.timing import in_time
from tests.tutorial.tasks import print_plate
from tests.waiting import eventually

SLOW_S = 4.0


@pytest.fixture(autouse=True)
def _workers(fleet: Fleet) -> Iterator[None]:
    fleet.keep_workers(2, threads=1)
    yield
    fleet.empty()


@pytest.mark.parametrize(("seconds", "count"), [(0.0, 1_000), (0.1, 8)], ids=["quick", "long"])
def test_no_quick_message_waits_for_a_slow_one_whatever_messages_took_before(
    fleet: Fleet, log: str, seconds: float, count: int
) -> None:
    took_s = [seconds] * count + [SLOW_S] + [0.0] * 50

    print_plate.delay_many((log, plate, each_s) for plate, each_s in enumerate(took_s))
    ended = fleet.wait_for(log, len(took_s), within=30)

    quick = [step.at for step in ended if step.plate != count]
    slow = next(step.at for step in ended if step.plate == count)
    assert len(quick) == len(took_s) - 1
    in_time(
        max(quick) - (slow - SLOW_S),
        SLOW_S / 2,
        "the last quick one ended, after the slow one began,",
    )


def test_a_stuck_worker_takes_no_more_only_to_give_it_back(fleet: Fleet, log: str) -> None:
    results = add.delay_many((plate, 1) for plate in range(3_000))
    eventually(lambda: all(result.ready() for result in results[-3:]), within=30)

    print_plate.delay_many((log, plate, 0.0002 if plate else SLOW_S) for plate in range(1_500))
    ended = fleet.wait_for(log, 1_500, within=30)

    quick = [step.plate for step in ended if step.plate]
    passed_by = max(abs(place - plate) for place, plate in enumerate(quick, start=1))
    assert passed_by <= 2 * MOST_AHEAD
