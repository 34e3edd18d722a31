"""A worker that is asked to stop takes nothing more, ends what runs, gives back the rest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.fleet import Fleet, FleetWorker
from tests.tutorial.tasks import print_plate
from tests.waiting import eventually

#: Seconds until another worker has run what was given back.
BACK_WITHIN_S = 3.0


@pytest.fixture(autouse=True)
def _nobody_is_left(fleet_of_module: Fleet) -> Iterator[None]:
    yield
    fleet_of_module.clear()


def holding(fleet: Fleet) -> int:
    """Return how many messages are in the hands of workers."""
    keys = fleet.redis.keys("dramatiq:__held__:*")
    return sum(fleet.redis.hlen(key) for key in keys)  # type: ignore[misc,union-attr]


def stop_amid(fleet: Fleet, log: str, worker: FleetWorker, ended: int) -> float:
    """Ask a worker to stop once so many have ended; return when."""
    fleet.wait_for(log, ended, within=20)
    worker.ask_to_stop()
    return time.monotonic()


def test_a_worker_that_stops_amid_work_loses_nothing_and_nothing_runs_twice(
    fleet: Fleet, log: str
) -> None:
    stopping, _ = fleet.start_workers(2, threads=2)
    print_plate.delay_many((log, plate, 0.001 * (plate % 3)) for plate in range(3_000))

    stop_amid(fleet, log, stopping, 500)
    status = stopping.wait_until_stopped(5)
    ended = fleet.wait_for(log, 3_000, within=20)

    started = [step.plate for step in fleet.steps(log) if step.what == "started"]
    assert status == 0
    assert Counter(started) == dict.fromkeys(range(3_000), 1)
    assert len({step.pid for step in ended}) == 2
    assert fleet.redis.hlen("dramatiq:default.msgs") == 0


def test_what_had_not_started_runs_at_once_elsewhere_while_what_runs_is_finished(
    fleet: Fleet, log: str
) -> None:
    (stopping,) = fleet.start_workers(1, threads=1)
    print_plate.delay_many((log, plate) for plate in range(300))
    fleet.wait_for(log, 300, within=5)
    print_plate.delay_many((log, plate, 2.0 if plate == 300 else 0.0) for plate in range(300, 320))
    fleet.wait_for(log, 301, within=5, what="started")

    stopping.ask_to_stop()
    asked = time.monotonic()
    ((other),) = fleet.start_workers(1, threads=1)
    ready = time.monotonic()
    ended = fleet.wait_for(log, 320, within=10)

    slow = next(step for step in ended if step.plate == 300)
    rest = [step for step in ended if step.plate > 300]
    assert not other.is_of(slow.pid)
    assert all(other.is_of(step.pid) for step in rest)
    assert max(step.at for step in rest) < ready + 1.0
    assert slow.at > asked
    assert stopping.wait_until_stopped(5) == 0


def test_what_does_not_end_within_the_grace_period_runs_elsewhere(fleet: Fleet, log: str) -> None:
    (stopping,) = fleet.start_workers(1, threads=2, grace_s=0.5)
    print_plate.delay(log, 1, 30.0)
    print_plate.delay(log, 2, 0.4)
    fleet.wait_for(log, 2, within=5, what="started")
    (other,) = fleet.start_workers(1, threads=2)

    stopping.ask_to_stop()
    asked = time.monotonic()
    again = fleet.wait_for(log, 3, within=BACK_WITHIN_S, what="started")[-1]

    assert (again.plate, other.is_of(again.pid)) == (1, True)
    assert again.at - asked < BACK_WITHIN_S
    assert [step.plate for step in fleet.wait_for(log, 1, within=1)] == [2]
    eventually(lambda: holding(fleet) == 1, within=2)
    assert stopping.wait_until_stopped(5) is not None
