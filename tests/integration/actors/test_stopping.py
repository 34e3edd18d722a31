"""A worker that is asked to stop, or killed: what it held runs elsewhere, soon and once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.fleet import Fleet, FleetWorker, Step
from tests.timing import in_time
from tests.tutorial.tasks import print_plate
from tests.waiting import eventually

#: Seconds until another worker has run what was given back.
BACK_WITHIN_S = 3.0
#: Seconds that a worker which is asked to stop has for what it runs.
GRACE_S = 1.5
#: Seconds until what a killed worker held has begun again: 10 of silence, and a look every 2.5.
TAKEN_BACK_WITHIN_S = 20.0
MESSAGES = 1_000
SLOW = 200
#: As many as two workers with two threads run at once.
FIRST = range(4)


@pytest.fixture(autouse=True)
def _workers(fleet: Fleet) -> Iterator[None]:
    fleet.keep_workers(2, threads=2, grace_s=GRACE_S)
    yield
    fleet.empty()


def runner_of(fleet: Fleet, step: Step) -> FleetWorker:
    return next(worker for worker in fleet.workers if worker.is_of(step.pid))


def wait_for_start(fleet: Fleet, log: str, plate: int, times: int = 1) -> Step:
    """Wait until a message has started so often; return the last time."""
    deadline = time.monotonic() + 30
    while len(steps := steps_of(fleet, log, plate, "started")) < times:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return steps[-1]


def steps_of(fleet: Fleet, log: str, plate: int, what: str) -> list[Step]:
    return [step for step in fleet.steps(log) if (step.plate, step.what) == (plate, what)]


def test_what_runs_is_finished_the_rest_runs_at_once_elsewhere_and_nothing_twice(
    fleet: Fleet, log: str
) -> None:
    calls = [(log, plate, 1.0 if plate == SLOW else 0.001) for plate in range(MESSAGES)]
    print_plate.delay_many(calls)

    slow = wait_for_start(fleet, log, SLOW)
    stopping = runner_of(fleet, slow)
    stopping.ask_to_stop()
    asked = time.monotonic()
    ended = fleet.wait_for(log, MESSAGES, within=30)

    started = Counter(step.plate for step in fleet.steps(log) if step.what == "started")
    assert started == dict.fromkeys(range(MESSAGES), 1)
    assert steps_of(fleet, log, SLOW, "ended")[0].pid == slow.pid
    assert stopping.wait_until_stopped(30) == 0
    assert fleet.redis.keys("dramatiq:__held__:*") == []
    assert fleet.redis.exists("dramatiq:default", "dramatiq:default.msgs") == 0
    in_time(max(step.at for step in ended) - asked, BACK_WITHIN_S)


def test_what_does_not_end_within_the_grace_period_runs_elsewhere(fleet: Fleet, log: str) -> None:
    print_plate.delay(log, 1, GRACE_S + 1.5)
    first = wait_for_start(fleet, log, 1)

    stopping = runner_of(fleet, first)
    stopping.ask_to_stop()
    asked = time.monotonic()
    second = wait_for_start(fleet, log, 1, times=2)
    eventually(
        lambda: second.pid in {step.pid for step in steps_of(fleet, log, 1, "ended")},
        what="the other worker has run it",
    )

    assert second.pid != first.pid
    assert second.at - asked > GRACE_S * 0.9
    assert stopping.wait_until_stopped(30) is not None
    in_time(second.at - asked, GRACE_S + BACK_WITHIN_S)


def test_what_a_killed_worker_held_runs_elsewhere_in_time_and_alone(fleet: Fleet, log: str) -> None:
    print_plate.delay_many((log, plate, 1.0) for plate in FIRST)
    started = fleet.wait_for(log, len(FIRST), within=30, what="started")
    killed = runner_of(fleet, started[0])
    held = {step.plate for step in started if killed.is_of(step.pid)}

    killed.kill()
    at = time.monotonic()
    plates = keep_busy_until_all_have_run(fleet, log)

    runs = runs_of(fleet.steps(log))
    again = [run for run in runs if run.plate in held]
    assert len(held) == 2
    assert sorted(run.plate for run in runs) == plates
    assert [run.beside(runs) for run in again] == [[], []]
    assert any(run.beside(runs) for run in runs if run not in again)
    in_time(max(run.begun for run in again) - at, TAKEN_BACK_WITHIN_S)


class Run(NamedTuple):
    """A message that ran to its end."""

    plate: int
    begun: float
    ended: float

    def beside(self, runs: list[Run]) -> list[Run]:
        """Return those that ran at the same time."""
        return [
            each
            for each in runs
            if each is not self and each.begun < self.ended and self.begun < each.ended
        ]


def runs_of(steps: list[Step]) -> list[Run]:
    begun = {(step.pid, step.plate): step.at for step in steps if step.what == "started"}
    return [
        Run(step.plate, begun[step.pid, step.plate], step.at)
        for step in steps
        if step.what == "ended"
    ]


def keep_busy_until_all_have_run(fleet: Fleet, log: str) -> list[int]:
    """Send more until what was sent first has run; return all that should have run then."""
    plates = list(FIRST)
    while not set(FIRST) <= {run.plate for run in runs_of(fleet.steps(log))}:
        plates.append(len(plates))
        # Then from a queue whose consumer has been parked all the while.
        queue = "renditions" if was_begun_again(fleet, log) else "default"
        print_plate.apply_async((log, plates[-1], 0.1), queue=queue)
        assert len(plates) < 1_000
        time.sleep(0.04)
    fleet.wait_for(log, len(plates), within=30)
    return plates


def was_begun_again(fleet: Fleet, log: str) -> bool:
    started = Counter(step.plate for step in fleet.steps(log) if step.what == "started")
    return any(started[plate] > 1 for plate in FIRST)
