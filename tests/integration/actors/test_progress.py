"""Progress: reported in an actor, seen by whoever asks or listens."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import pytest

from actors import report_progress
from actors.connection import client
from actors.records import Info
from tests.tutorial import tasks
from tests.waiting import eventually


@pytest.fixture
def name() -> str:
    """The name of a file that nobody has left yet."""
    return uuid.uuid4().hex


def test_a_running_actor_tells_how_far_it_is(worker, name):
    result = tasks.wait_for.delay(name)

    seen = eventually(lambda: result.info().progress)
    tasks.trace(name).touch()
    result.get()

    assert seen == {"done": 1, "total": 3, "note": f"waits for {name}"}
    assert result.info().progress == {"done": 3, "total": 3, "note": ""}


async def test_an_async_actor_does_so_too_also_from_a_thread_of_its_own(worker, name):
    result = await tasks.await_for.adelay(name)

    seen = await next_progress(result.events())
    tasks.trace(name).touch()
    await result

    assert seen.progress == {"done": 0.5, "total": 1, "note": "awaits"}
    assert seen.state == "running"
    assert (await result.ainfo()).progress == {"done": 1, "total": 1, "note": "x" * 200}


async def test_events_tell_each_step_and_end_with_the_last(worker, name):
    result = await tasks.try_until.adelay(name)
    states: list[str] = []

    async for info in result.events():
        states.append(info.state)
        if info.state == "retrying":
            tasks.trace(name).touch()

    assert states[-1] == "succeeded"
    assert "retrying" in states
    assert set(states) <= {"queued", "running", "retrying", "succeeded"}


async def test_events_of_what_has_ended_are_its_end(worker, name):
    result = await tasks.expose.adelay(0, name)
    await result

    assert [info.state async for info in result.events()] == ["succeeded"]


def test_many_reports_share_few_commands(worker):
    before = client().info("commandstats")

    assert tasks.report_often.delay(20_000).get() == 20_000

    after = client().info("commandstats")
    assert calls(after, "publish") - calls(before, "publish") < 2_000
    assert calls(after, "evalsha") - calls(before, "evalsha") < 2_000


def test_what_has_not_changed_is_told_once(worker, name):
    result = tasks.wait_for.delay(name)
    eventually(lambda: result.info().progress)
    before = client().info("commandstats")

    time.sleep(0.3)  # Sixty rounds of the worker.

    after = client().info("commandstats")
    tasks.trace(name).touch()
    result.get()
    assert calls(after, "publish") == calls(before, "publish")


def test_a_report_of_an_actor_that_is_called_comes_to_nothing(valkey, name):
    tasks.trace(name).touch()

    assert tasks.wait_for(name) == name
    assert tasks.await_for(name) == name
    assert client().keys("actors:live:*") == []


async def test_a_report_of_an_actor_that_is_awaited_comes_to_nothing(valkey, name):
    tasks.trace(name).touch()

    assert await asyncio.gather(tasks.await_for(name), tasks.await_for(name)) == [name, name]


def test_outside_of_an_actor_a_report_is_refused():
    with pytest.raises(RuntimeError, match=r"^report_progress\(\) was called outside of an actor"):
        report_progress(1, 2)


@pytest.mark.parametrize(
    ("done", "total", "note", "error", "words"),
    [
        ("1", 2, "", TypeError, "done is a str; expected a number"),
        (1, True, "", TypeError, "total is a bool"),
        (1, 2, 3, TypeError, "note is a int; expected text"),
        (3, 2, "", ValueError, "done is 3, more than the total of 2"),
        (-1, 2, "", ValueError, "done is -1; expected 0 or more"),
        (0, float("nan"), "", ValueError, "total is nan"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(done, total, note, error, words):
    with pytest.raises(error, match=words):
        report_progress(done, total, note)


async def next_progress(events: Any) -> Info:
    try:
        async for info in events:
            if info.progress:
                return info
    finally:
        await events.aclose()
    raise AssertionError("no progress was told")


def calls(stats: dict[str, Any], command: str) -> int:
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])
