"""Delayed and retrying messages: on time, for as long as it takes, at no cost to the workers."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator

import dramatiq
import pytest

from actors.broker import RedisBroker
from tests.fleet import Fleet, FleetWorker
from tests.timing import in_time
from tests.tutorial.tasks import print_badly, print_plate

#: Seconds. How late the 99th of a hundred may start.
ON_TIME_S = 0.25
HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def workers(fleet: Fleet) -> Iterator[list[FleetWorker]]:
    """Two workers; another takes the place of one that a test has killed."""
    fleet.keep_workers(2)
    yield fleet.workers
    fleet.empty()


def send_delayed(log: str, delays_s: list[float]) -> list[float]:
    """Send one message for each delay; return when each is due, on the monotonic clock."""
    broker: RedisBroker = dramatiq.get_broker()  # type: ignore[assignment]
    now = time.monotonic()
    broker.enqueue_many(
        (print_plate.message(log, plate), int(delay_s * 1000))
        for plate, delay_s in enumerate(delays_s)
    )
    return [now + delay_s for delay_s in delays_s]


def lateness(fleet: Fleet, log: str, due: list[float], within: float) -> list[float]:
    """Wait until all have started; return the seconds by which they were late, sorted."""
    started = fleet.wait_for(log, len(due), within=within, what="started")
    assert sorted(step.plate for step in started) == list(range(len(due)))
    return sorted(step.at - due[step.plate] for step in started)


def resident_bytes(pid: int) -> int:
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
    return int(shown.stdout) * 1024


def test_delayed_messages_start_on_time(fleet: Fleet, log: str) -> None:
    delays_s = [random.uniform(0.5, 3.0) for _ in range(100)]

    due = send_delayed(log, delays_s)
    late_s = lateness(fleet, log, due, within=30)

    assert late_s[0] > -0.005
    in_time(late_s[98], ON_TIME_S)


def test_delayed_messages_outlive_redis_and_a_worker(
    fleet: Fleet, workers: list[FleetWorker], log: str
) -> None:
    due = send_delayed(log, [3.0 + number / 100 for number in range(50)])

    fleet.server.kill()
    fleet.server.start()
    workers[0].kill()
    late_s = lateness(fleet, log, due, within=30)

    assert late_s[0] > -0.005
    in_time(late_s[48], ON_TIME_S)


def test_a_hundred_thousand_delayed_messages_cost_no_memory_of_a_worker_and_no_time(
    fleet: Fleet, log: str
) -> None:
    broker: RedisBroker = dramatiq.get_broker()  # type: ignore[assignment]
    lateness(fleet, log, send_delayed(log, [0.0] * 40), within=30)
    pids = {step.pid for step in fleet.steps(log)}
    before = {pid: resident_bytes(pid) for pid in pids}

    broker.enqueue_many((print_plate.message("none", 0), HOUR_MS) for _ in range(100_000))
    due = send_delayed(f"{log}.due", [0.3 + number / 50 for number in range(50)])
    late_s = lateness(fleet, f"{log}.due", due, within=30)

    grown = [resident_bytes(pid) - before[pid] for pid in pids]
    assert fleet.redis.zcard("dramatiq:default.delayed") == 100_000
    assert max(grown) < 5_000_000
    in_time(late_s[48], ON_TIME_S)


def test_a_retry_waits_as_long_as_its_backoff_says(fleet: Fleet, log: str) -> None:
    result = print_badly.delay(log, 1)

    attempts = fleet.wait_for(log, 3, within=30, what="started")

    first_s, second_s = attempts[1].at - attempts[0].at, attempts[2].at - attempts[1].at
    assert result.get() is None
    assert result.attempts == 3
    assert first_s >= 0.3
    assert second_s >= 0.6
    in_time(first_s, 0.6 + ON_TIME_S)
    in_time(second_s, 1.2 + ON_TIME_S)
