"""What is known of a message, by its id alone, at each step of its life."""

from __future__ import annotations

import os
import socket
import uuid
from typing import Any

import pytest

from actors import AsyncResult, ResultMissing, ResultsDisabled
from actors.arithmetic import add
from actors.connection import client
from actors.models import DeadLetter
from actors.records import Info, Try
from tests.tutorial import tasks
from tests.waiting import eventually
from tests.workers import run_python


@pytest.fixture
def name() -> str:
    """The name of a file that nobody has left yet."""
    return uuid.uuid4().hex


def by_id(result: AsyncResult[Any]) -> AsyncResult[Any]:
    return AsyncResult(result.id)


def reaches(result: AsyncResult[Any], state: str) -> Info:
    eventually(lambda: by_id(result).state == state, what=f"state {state}")
    return by_id(result).info()


def test_a_message_that_waits_is_queued_and_one_of_later_is_delayed(valkey):
    queued, delayed = add.delay(1, 2), add.apply_async((1, 2), countdown=60)

    assert by_id(queued).info() == Info("queued")
    assert by_id(delayed).state == "delayed"
    assert by_id(delayed).info().due is not None
    assert (by_id(queued).attempts, by_id(queued).result, by_id(queued).traceback) == (
        0,
        None,
        None,
    )


def test_nothing_is_known_of_an_id_that_was_never_sent(valkey):
    assert AsyncResult(uuid.uuid4()).info() == Info("unknown")


def test_a_running_message_says_where_and_since_when(worker, name):
    result = tasks.wait_for.delay(name)

    info = reaches(result, "running")

    assert info.attempts == 1
    assert info.started is not None
    host, _, pid = info.worker.rpartition(":")
    assert host == socket.gethostname()
    assert int(pid) != os.getpid()
    assert info.tries == [Try(info.worker, info.started)]
    assert not by_id(result).ready()
    tasks.trace(name).touch()
    assert result.get() == name


def test_a_message_that_succeeded_keeps_its_value_and_times(worker):
    result = add.delay(4, 5)
    result.get()

    info = by_id(result).info()

    assert (info.state, info.attempts, info.error, info.traceback) == ("succeeded", 1, None, None)
    assert info.started is not None
    assert info.ended is not None
    assert info.ended >= info.started
    assert by_id(result).result == 9
    assert by_id(result).successful()
    assert not by_id(result).failed()


def test_a_message_that_failed_keeps_its_error_and_traceback(worker):
    result = tasks.break_plate.delay("Ilford")
    eventually(result.ready)

    info = by_id(result).info()

    assert info.state == "failed"
    assert info.error == {"type": "PlateBroken", "msg": "Ilford broke: cold"}
    assert "raise PlateBroken" in (by_id(result).traceback or "")
    assert isinstance(by_id(result).result, tasks.PlateBroken)
    assert by_id(result).failed()
    assert [each.error for each in info.tries] == [info.error]


def test_a_message_that_is_tried_again_tells_of_each_attempt(worker, name):
    result = tasks.try_until.delay(name)
    eventually(lambda: by_id(result).attempts >= 2)

    info = reaches(result, "retrying")
    tasks.trace(name).touch()
    result.get()
    ended = by_id(result).info()

    assert info.error == {"type": "PlateBroken", "msg": f"{name} broke: too early"}
    assert "raise PlateBroken" in (info.traceback or "")
    assert len(info.tries) == info.attempts
    assert ended.attempts == len(ended.tries) >= 3
    assert [each.error is None for each in ended.tries] == [False] * (ended.attempts - 1) + [True]
    assert all(each.worker == ended.worker for each in ended.tries)


def test_of_many_attempts_the_last_ten_are_kept(worker, name):
    result = tasks.fail_always.delay(name)
    eventually(result.ready)

    info = by_id(result).info()

    assert info.attempts == 13
    assert [each.error["msg"] for each in info.tries if each.error] == [
        f"attempt {number}" for number in range(4, 14)
    ]
    kept = client().hkeys(f"actors:live:{result.id}")
    assert len([field for field in kept if field.startswith(b"attempt:")]) == 10


async def test_the_coroutine_twins_say_the_same(worker):
    result = await tasks.break_plate.adelay("Ilford")
    async for _ in result.events():
        pass

    assert await result.astate() == "failed"
    assert await result.aattempts() == 1
    assert "raise PlateBroken" in (await result.atraceback() or "")
    assert isinstance(await result.aresult(), tasks.PlateBroken)
    assert await result.afailed()
    assert not await result.asuccessful()
    assert await (await add.adelay(1, 1)).aresult() in (None, 2)


async def test_a_property_under_a_running_loop_names_its_twin(valkey):
    with pytest.raises(RuntimeError, match=r"use `await r\.aresult\(\)`"):
        AsyncResult(uuid.uuid4()).result  # noqa: B018


def test_the_result_of_an_actor_that_keeps_none_is_refused_and_its_state_is_known(worker, name):
    result = tasks.note.delay(name)

    with pytest.raises(ResultsDisabled):
        result.result  # noqa: B018
    assert reaches(result, "succeeded").attempts == 1


def test_another_process_sees_the_same_by_the_id(worker):
    result = add.delay(4, 5)
    result.get()

    code = (
        f"from actors import AsyncResult; r = AsyncResult('{result.id}'); print(r.state, r.result)"
    )
    seen = run_python(code)

    assert seen.stdout == "succeeded 9\n", seen.stderr


def test_what_is_kept_of_a_failure_is_bounded(worker):
    result = tasks.fail_at_length.delay("Agfa")
    eventually(result.ready)

    info = by_id(result).info()

    assert info.error is not None
    assert info.error["msg"].startswith("Agfaxxx")
    assert len(info.error["msg"]) < 2_100
    assert "raise ValueError" in (info.traceback or "")
    assert len(info.traceback or "") < 10_100
    assert client().memory_usage(f"actors:live:{result.id}") < 30_000
    assert len(DeadLetter.objects.get(pk=result.id).error) < 2_100


def test_an_expired_message_never_runs_and_says_so(worker, name):
    result = tasks.note.apply_async((name,), countdown=0.3, expires=0.1)
    kept = tasks.expose.apply_async((0, name), countdown=0.3, expires=0.1)

    assert reaches(result, "expired").attempts == 0
    assert not tasks.trace(name).exists()
    with pytest.raises(ResultMissing, match="expired before a worker came to it"):
        kept.get()


def test_an_attempt_in_time_is_followed_by_others_after_that(worker, name):
    result = tasks.try_until.apply_async((name,), expires=0.2)
    eventually(lambda: by_id(result).attempts >= 2)
    tasks.trace(name).touch()

    assert result.get() == name


def test_a_forgotten_message_is_unknown(worker):
    result = add.delay(4, 5)
    result.get()

    by_id(result).forget()

    assert by_id(result).info() == Info("unknown")


def test_only_what_has_ended_can_be_forgotten(worker, name):
    result = tasks.wait_for.delay(name)
    reaches(result, "running")

    by_id(result).forget()

    assert by_id(result).state == "running"
    tasks.trace(name).touch()
    assert result.get() == name
