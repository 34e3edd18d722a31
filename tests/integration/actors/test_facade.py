"""Calling, delaying and awaiting, against a real worker."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from actors import AsyncResult, ResultFailure, ResultMissing, ResultsDisabled, ResultTimeout
from actors.arithmetic import add, multiply
from tests.sockets import connections_to_redis
from tests.timing import in_time
from tests.tutorial import tasks
from tests.waiting import eventually


def test_delay_returns_a_handle_whose_get_is_the_value(worker):
    result = add.delay(4, 5)

    assert result.get() == 9
    assert AsyncResult(result.id).get() == 9


async def test_adelay_and_await_do_the_same(worker):
    result = await add.adelay(4, y=5)

    assert await result == 9
    assert await AsyncResult(result.id).aget(timeout=timedelta(seconds=1)) == 9


def test_a_direct_call_runs_here_and_sends_nothing(valkey, queue_length):
    assert multiply(3, 7) == 21

    assert queue_length("default") == 0


async def test_an_async_actor_is_called_awaited_and_delayed(worker):
    assert await tasks.develop_slowly(0.01) == "developed"

    assert await (await tasks.develop_slowly.adelay(0.01)) == "developed"


def test_an_async_actor_is_called_from_synchronous_code():
    assert tasks.develop_slowly(0.01) == "developed"


def test_a_returned_value_logs_no_warning(worker, settings):
    add.delay(1, 1).get()

    log = (settings.DATA_DIR / "worker.log").read_text()
    assert "has been discarded" not in log


def test_a_failure_is_raised_as_its_own_class(worker):
    result = tasks.break_plate.delay("Ilford")

    with pytest.raises(tasks.PlateBroken, match=r"^Ilford broke: cold") as caught:
        result.get()
    assert "raise PlateBroken" in caught.value.__notes__[0]


def test_a_result_that_is_no_json_says_so(worker):
    result = tasks.give_set.delay()

    with pytest.raises(TypeError, match="give_set returned a set"):
        result.get()


def test_an_actor_without_results_runs_and_says_at_once_that_none_is_kept(worker):
    name = uuid.uuid4().hex

    result = tasks.note.delay(name)

    with pytest.raises(ResultsDisabled, match=r"note .* keeps no results: .*=True"):
        result.get()
    eventually(tasks.trace(name).exists)


async def test_no_result_in_time_is_a_timeout_of_just_that_time(valkey):
    result = AsyncResult(uuid.uuid4(), actor=add)

    begun = time.monotonic()
    with pytest.raises(ResultTimeout, match=r"^add .* expected a result within 0\.25 s, none came"):
        await result.aget(timeout=0.25)
    took_s = time.monotonic() - begun
    assert took_s > 0.24
    in_time(took_s, 0.6)


def test_a_synchronous_timeout_is_below_a_second_too(valkey):
    begun = time.monotonic()

    with pytest.raises(ResultTimeout):
        AsyncResult(uuid.uuid4()).get(timeout=0.25)

    took_s = time.monotonic() - begun
    assert took_s > 0.24
    in_time(took_s, 0.8)


async def test_get_under_a_running_loop_names_aget(valkey):
    result = add.delay(1, 2)

    with pytest.raises(RuntimeError, match=r"use `await r\.aget\(\)`"):
        result.get()


def test_waiting_inside_an_actor_is_refused_unless_asked_for(worker):
    first = add.delay(20, 3)
    first.get()

    with pytest.raises(RuntimeError, match="can deadlock its worker"):
        tasks.wait_inside.delay(first.id, inside_actor=False).get()
    assert tasks.wait_inside.delay(first.id, inside_actor=True).get() == 23


def test_an_argument_that_is_no_json_fails_in_the_caller_and_is_named(valkey, queue_length):
    with pytest.raises(TypeError, match=r"^add: argument 2 is a set and can't be sent as JSON"):
        add.delay(1, {2})
    with pytest.raises(TypeError, match=r"^add: argument y is a set"):
        add.delay(1, y={2})

    assert queue_length("default") == 0


def test_countdown_and_eta_postpone(worker):
    begun = time.monotonic()

    late = add.apply_async((1, 2), countdown=0.6)
    later = add.apply_async((1, 3), eta=datetime.now(UTC) + timedelta(seconds=0.8))

    assert (late.get(), later.get()) == (3, 4)
    assert time.monotonic() - begun >= 0.8


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"eta": datetime(2030, 1, 1)}, "without a time zone"),
        ({"eta": datetime.now(UTC), "countdown": 1}, "give one of them"),
        ({"queue": "darkness"}, "no actor listens to queue 'darkness'"),
    ],
)
def test_options_that_make_no_sense_are_refused(valkey, options, words):
    with pytest.raises(ValueError, match=words):
        add.apply_async((1, 2), **options)


def test_a_message_id_can_be_chosen(worker):
    message_id = str(uuid.uuid4())

    assert add.apply_async((1, 2), message_id=message_id).id == message_id
    assert AsyncResult(message_id).get() == 3


async def test_ready_says_whether_the_result_is_there(worker):
    result = await tasks.expose.adelay(0.3, "plate")

    assert not await result.aready()
    await result
    assert await result.aready()


async def test_many_wait_on_few_connections(worker):
    before = connections_to_redis()
    slow = await tasks.expose.adelay(3.0, "plate")
    waiters = [asyncio.create_task(AsyncResult(slow.id).aget()) for _ in range(300)]
    others = [asyncio.create_task(AsyncResult(str(uuid.uuid4())).aget(0.5)) for _ in range(100)]

    ended = await asyncio.gather(*others, return_exceptions=True)
    opened = connections_to_redis() - before
    assert not any(waiter.done() for waiter in waiters), "they wait while this is counted"

    assert {type(error) for error in ended} == {ResultTimeout}
    assert opened <= 1
    assert await asyncio.gather(*waiters) == ["plate"] * 300


async def test_a_loop_that_waits_and_sends_is_never_late(worker):
    late: list[float] = []

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            late.append(time.perf_counter() - begun - 0.005)

    ticking = asyncio.create_task(tick())
    while len(late) < 400:
        results = [await add.adelay(n, n) for n in range(50)]
        assert await asyncio.gather(*results) == [2 * n for n in range(50)]
    ticking.cancel()

    in_time(sorted(late)[int(len(late) * 0.99)], 0.05, "the loop was late by")


def test_a_rolled_back_message_is_never_sent_and_its_result_says_so(worker, queue_length):
    with transaction.atomic():
        result = add.delay(1, 2)
        transaction.set_rollback(True)

    with pytest.raises(ResultMissing, match="leaves when the surrounding transaction commits"):
        result.get()
    assert queue_length("default") == 0


def test_a_record_names_a_class_and_nothing_of_it_is_called():
    from actors.failures import exception_of

    system = {"module": "os", "qualname": "system", "msg": "touch /tmp/hacked", "type": "system"}
    unloaded = {"module": "this_is_not_loaded", "qualname": "Error", "msg": "", "type": "Error"}
    exiting = {"module": "builtins", "qualname": "SystemExit", "msg": "", "type": "SystemExit"}

    assert [exception_of(record) for record in (system, unloaded, exiting)] == [None] * 3


def test_a_failure_of_an_unknown_class_keeps_type_text_and_traceback(worker, monkeypatch):
    result = tasks.break_plate.delay("Agfa")
    eventually(result.ready)
    monkeypatch.delattr(tasks, "PlateBroken")

    with pytest.raises(ResultFailure, match=r"^break_plate .* raised PlateBroken: Agfa") as caught:
        result.get()
    assert "raise PlateBroken" in caught.value.traceback


def test_results_of_dramatiqs_own_messages_still_work(worker):
    message = add.send(2, 3)

    assert message.get_result(block=True, timeout=5_000) == 5
