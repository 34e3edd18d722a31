"""Eager mode: what is sent runs here and now, and nothing asks Redis."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import TestCase, override_settings

from actors import (
    Actor,
    AsyncResult,
    ResultMissing,
    ResultsDisabled,
    actor,
    chain,
    group,
    report_progress,
)
from actors.arithmetic import add
from actors.eager import EagerBroker
from actors.models import DeadLetter, OutboxMessage
from actors.wire import lines
from tests.tutorial import tasks


@pytest.fixture(autouse=True)
def no_redis(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """No server is there; whoever asks for one fails."""
    settings.ACTORS_REDIS_URL = "unix:///nowhere/redis.sock"


@pytest.fixture
def eager(settings) -> None:
    settings.ACTORS_EAGER = True


@pytest.fixture
def declare() -> Iterator[object]:
    """Declares actors for one test."""
    declared: list[Actor] = []

    def declare(function, **options):
        declared.append(actor(**options)(function) if options else actor(function))
        return declared[-1]

    yield declare
    for each in declared:
        del dramatiq.get_broker().actors[each.actor_name]


def test_delay_runs_here_and_the_result_is_there_at_once(eager):
    result = add.delay(4, y=5)

    assert result.get() == 9
    assert AsyncResult(result.id).get(timeout=0) == 9
    assert (result.state, result.ready(), result.successful()) == ("succeeded", True, True)


async def test_adelay_does_the_same_off_the_loop(eager, declare):
    @declare
    def where() -> bool:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return threading.current_thread() is threading.main_thread()

    result = await where.adelay()

    assert await result is False
    assert await result.aready()
    assert (await result.ainfo()).attempts == 1


async def test_an_async_actor_runs_on_a_loop_of_its_own(eager, declare):
    caller = asyncio.get_running_loop()

    async def elsewhere() -> bool:
        await asyncio.sleep(0)
        return asyncio.get_running_loop() is not caller

    assert await (await declare(elsewhere).adelay()) is True
    assert await (await tasks.develop_slowly.adelay(0.01)) == "developed"


def test_an_async_actor_runs_from_synchronous_code_and_inside_another(eager, declare):
    def call() -> str:
        return tasks.develop_slowly(0.01)

    assert tasks.develop_slowly.delay(0.01).get() == "developed"
    assert declare(call).delay().get() == "developed"


async def test_delay_under_a_running_loop_names_adelay(eager):
    with pytest.raises(RuntimeError, match=r"use `await add\.adelay"):
        add.delay(1, 2)


def test_what_an_actor_raises_is_kept_whole(eager, declare):
    class Odd(Exception):
        pass

    error = Odd("not even its class could be found by name")

    def fail() -> None:
        raise error

    result = declare(fail).delay()

    assert result.failed()
    assert result.info().error == {"type": "Odd", "msg": str(error)}
    with pytest.raises(Odd) as caught:
        result.get()
    assert caught.value is error


def test_the_first_failure_is_final_and_leaves_a_dead_letter(eager, declare, db):
    tries = []

    def fail() -> None:
        tries.append(1)
        raise ValueError("cold")

    result = declare(fail, max_retries=5).delay()

    assert len(tries) == 1
    assert DeadLetter.objects.get(pk=result.id).error == "cold"


def test_arguments_and_result_go_through_json(eager, declare):
    def keep(value):
        return (value, type(value).__name__)

    assert declare(keep).delay((1, 2)).get() == [[1, 2], "list"]
    with pytest.raises(TypeError, match="argument 1 is a set"):
        add.delay({1}, 2)
    with pytest.raises(TypeError, match="give_set returned a set"):
        tasks.give_set.delay().get()


def test_many_and_options_are_accepted(eager):
    results = add.delay_many([(1, 2), (3, 4)])
    later = add.apply_async((1, 2), countdown=3600, priority=5, message_id=str(uuid.uuid4()))
    at = add.apply_async((2, 2), eta=datetime.now(UTC) + timedelta(days=400))
    expired = add.apply_async((1, 2), expires=-1)

    assert [result.get() for result in results] == [3, 7]
    assert (later.get(), at.get(), expired.state) == (3, 4, "expired")


async def test_the_coroutine_twins_accept_them_too(eager):
    results = await add.adelay_many([(1, 2), (3, 4)])
    later = await add.aapply_async((1, 2), countdown=3600)

    assert [await result for result in results] == [3, 7]
    assert await later == 3


def test_inside_atomic_it_runs_at_the_commit_and_finds_the_row(eager, transactional_db):
    with transaction.atomic():
        person = get_user_model().objects.create_user("ansel@example.com")
        result = tasks.person_exists.delay(person.pk)
        with pytest.raises(ResultMissing, match="leaves when the surrounding transaction commits"):
            result.get()

    assert result.get() is True
    assert not OutboxMessage.objects.exists()


def test_after_a_rollback_it_never_runs(eager, transactional_db, declare):
    ran = []

    def run(number: int) -> None:
        ran.append(number)

    run_ = declare(run)
    with transaction.atomic():
        run_.delay(1)
        run_.delay_on_commit(2)
        transaction.set_rollback(True)

    assert ran == []


async def test_a_durable_send_of_its_own_runs(eager, transactional_db):
    assert await (await add.adelay_on_commit(1, 2)) == 3


class InATestCase(TestCase):
    """A `TestCase` never commits its own block."""

    @override_settings(ACTORS_EAGER=True)
    def test_delay_runs_now_and_what_is_sent_in_atomic_at_its_commit(self):
        assert add.delay(1, 2).get() == 3

        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            result = add.delay(3, 4)

        assert result.get() == 7

    @override_settings(ACTORS_EAGER=True)
    async def test_async_tests_see_the_same_database(self):
        person = await get_user_model().objects.acreate(email="ansel@example.com")

        assert await (await tasks.person_exists.adelay(person.pk)) is True


def test_waiting_inside_an_actor_is_refused_as_in_a_worker(eager):
    first = add.delay(20, 3)

    with pytest.raises(RuntimeError, match="can deadlock"):
        tasks.wait_inside.delay(first.id, inside_actor=False).get()
    assert tasks.wait_inside.delay(first.id, inside_actor=True).get() == 23


def test_what_an_actor_changes_in_its_context_stays_there(eager, declare):
    lens: contextvars.ContextVar[str] = contextvars.ContextVar("lens", default="wide")

    def change() -> None:
        lens.set("long")

    declare(change).delay()

    assert lens.get() == "wide"


def test_callbacks_and_pipelines_run(eager, declare):
    seen = []

    def told(message, value) -> None:
        seen.append((message["actor_name"], value))

    teller = declare(told)
    pipeline = add.message(1, 2) | add.message(10)
    pipeline.run()
    add.send_with_options(args=(1, 1), on_success=teller)

    assert pipeline.get_result() == 13
    assert seen == [("add", 2)]


def test_chains_and_groups_run_with_what_follows_them(eager, declare):
    told = []

    def tell(text: str) -> None:
        told.append(text)

    teller = declare(tell)
    sums = group([add.message(n, n) for n in range(3)], then=teller.message("all done")).delay()

    assert chain(add.message(1, 2), add.message(3)).delay().get() == 6
    assert (sums.get(), sums.ready(), told) == ([0, 2, 4], True, ["all done"])


async def test_their_coroutine_twins_do_too(eager):
    sums = await group([add.message(n, n) for n in range(3)]).adelay()

    assert await (await chain(add.message(1, 2), add.message(3)).adelay()) == 6
    assert await sums == [0, 2, 4]


def test_after_a_link_that_fails_the_others_never_run_and_say_why(eager):
    result = chain(tasks.break_plate.message("Agfa"), add.message(1)).delay()

    assert result.state == "failed"
    with pytest.raises(tasks.PlateBroken, match="Agfa broke"):
        result.get()


def test_progress_is_kept(eager, declare):
    def develop() -> None:
        report_progress(2, 3, "stop bath")

    result = declare(develop).delay()

    assert result.info().progress == {"done": 2, "total": 3, "note": "stop bath"}


def test_an_actor_without_results_says_so(eager):
    result = tasks.note.delay(uuid.uuid4().hex)

    assert result.state == "succeeded"
    with pytest.raises(ResultsDisabled):
        result.get()
    with pytest.raises(ResultsDisabled):
        AsyncResult(result.id).get()


def test_an_unknown_id_is_unknown_and_asks_nobody(eager):
    result = AsyncResult(uuid.uuid4())

    assert (result.state, result.revoke()) == ("unknown", "unknown")
    with pytest.raises(ResultMissing, match="no such message was sent in this process"):
        result.get()


async def test_a_forgotten_result_is_gone_and_the_others_tell_their_end(eager):
    result = await add.adelay(1, 2)

    assert [info.state async for info in result.events()] == ["succeeded"]
    assert await result.arevoke() == "ended"
    await result.aforget()
    assert await result.astate() == "unknown"


def test_a_revocation_of_what_ran_comes_too_late(eager):
    result = add.delay(1, 2)

    assert result.revoke() == "ended"
    assert result.get() == 3


def test_the_setting_is_followed_both_ways():
    broker = dramatiq.get_broker()

    with override_settings(ACTORS_EAGER=True):
        assert isinstance(dramatiq.get_broker(), EagerBroker)
        assert isinstance(add.broker, EagerBroker)

    assert dramatiq.get_broker() is broker
    assert add.broker is broker


def test_without_it_redis_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(lines, "call", lambda *command, action: asked.append(action))

    add.delay(1, 2)

    assert len(asked) == 1
