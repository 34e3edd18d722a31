"""What waits in Redis starts by priority, then age, whoever runs it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import dramatiq
import pytest

from actors.broker import RedisBroker
from tests.fleet import Fleet, Step
from tests.tutorial.tasks import print_plate

MESSAGES = 1_000


@pytest.fixture(autouse=True)
def _nobody_is_left(fleet_of_module: Fleet) -> Iterator[None]:
    """No worker takes what the next test sends before that starts its own."""
    yield
    fleet_of_module.clear()


def send_mixed(log: str) -> list[int]:
    """Send messages of any priority, and return them in the order in which they should start."""
    broker: RedisBroker = dramatiq.get_broker()  # type: ignore[assignment]
    priorities = [random.choice((random.randint(-100, 100), 0)) for _ in range(MESSAGES)]
    broker.enqueue_many(
        (print_plate.message_with_options(args=(log, plate), priority=priority), None)
        for plate, priority in enumerate(priorities)
    )
    return sorted(range(MESSAGES), key=lambda plate: (-priorities[plate], plate))


def test_with_one_worker_messages_start_by_priority_then_age(fleet: Fleet, log: str) -> None:
    due = send_mixed(log)

    fleet.start_workers(1, threads=1)
    started = fleet.wait_for(log, MESSAGES, within=30, what="started")

    assert [step.plate for step in started] == due


def test_with_two_workers_none_starts_before_more_than_the_other_may_hold(
    fleet: Fleet, log: str
) -> None:
    due = send_mixed(log)

    fleet.start_workers(2, threads=1)
    started = fleet.wait_for(log, MESSAGES, within=30, what="started")

    place = {plate: index for index, plate in enumerate(due)}
    for pid in {step.pid for step in started}:
        own = [place[step.plate] for step in started if step.pid == pid]
        assert own == sorted(own)
    assert len(started) == MESSAGES
    assert most_passed_over(started, due) <= 1


def most_passed_over(started: list[Step], due: list[int]) -> int:
    """Return how many that come before it had not started when one started, at most."""
    most, waiting = 0, list(due)
    for step in started:
        place = waiting.index(step.plate)
        most = max(most, place)
        del waiting[place]
    return most
