"""An idle worker: asks Redis next to nothing, and is there at once when something comes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from tests.fleet import Fleet
from tests.timing import in_time
from tests.tutorial.tasks import print_plate, print_proof

QUEUES = ("default", "mail", "previews", "renditions", "finishing", "proofs")
#: Seconds. Longer than two signs of life.
LOOK_S = 5.5


@pytest.fixture(autouse=True)
def _worker(fleet: Fleet) -> Iterator[None]:
    fleet.keep_workers(1, queues=QUEUES)
    yield
    fleet.empty()


def commands_within(fleet: Fleet, seconds: float) -> list[str]:
    """Return what clients send in that time, without what their scripts do."""
    deadline = time.monotonic() + seconds
    found = []
    with fleet.redis.monitor() as monitor:
        while (left_s := deadline - time.monotonic()) > 0:
            if monitor.connection.can_read(timeout=left_s):
                told = monitor.next_command()
                if told["client_type"] != "lua":
                    found.append(told["command"])
    return found


def is_parked(fleet: Fleet) -> bool:
    """Whether a connection waits for each queue, and for what stock producers delay there."""
    waiting = [each for each in fleet.redis.client_list() if "b" in each["flags"]]
    return len(waiting) == 2 * len(QUEUES)


def wait_until_parked(fleet: Fleet) -> None:
    deadline = time.monotonic() + 30
    while not is_parked(fleet):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_with_four_queues_it_sends_under_five_commands_a_second(fleet: Fleet) -> None:
    wait_until_parked(fleet)

    commands = commands_within(fleet, LOOK_S)

    assert 0 < len(commands) < 5 * LOOK_S


def test_any_queue_wakes_it_within_milliseconds(fleet: Fleet, log: str) -> None:
    late_s = []

    for number in range(20):
        wait_until_parked(fleet)
        sent = time.monotonic()
        (print_plate if number % 2 else print_proof).delay(log, number)
        late_s.append(fleet.wait_for(log, number + 1, within=30, what="started")[-1].at - sent)

    in_time(statistics.median(late_s), 0.010)
    in_time(max(late_s), 0.250)
