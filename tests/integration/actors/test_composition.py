"""Groups, and what groups and chains have in common, against a real worker."""

from __future__ import annotations

import time
from typing import Any

import dramatiq
import pytest
from django.db import transaction

from actors import (
    AsyncResult,
    GroupResult,
    ResultMissing,
    ResultsDisabled,
    ResultTimeout,
    chain,
    group,
)
from actors.arithmetic import add, multiply
from actors.models import OutboxMessage
from tests.timing import in_time
from tests.tutorial import tasks


def squares(count: int) -> group:
    return group(multiply.message(i, i) for i in range(count))


def test_a_group_gives_its_values_in_order(worker):
    result = squares(10).delay()

    assert result.get() == [i * i for i in range(10)]
    assert result.ready()
    assert result.completed() == 10
    assert GroupResult([AsyncResult(each.id) for each in result.results]).get()[-1] == 81


async def test_a_group_is_sent_and_awaited_in_a_coroutine(worker):
    result = await squares(10).adelay()

    assert await result == [i * i for i in range(10)]
    assert await result.aready()
    assert await result.acompleted() == 10


def test_chains_and_groups_are_members_too(worker):
    result = group(
        [chain(add.message(1, 2), add.message(3)), squares(3), add.message(1, 1)]
    ).delay()

    assert result.get() == [6, [0, 1, 4], 2]
    assert result.completed() == 5


def test_a_failing_member_is_raised_before_a_slow_one_has_ended(worker):
    result = group([tasks.expose.message(3, "plate"), tasks.break_plate.message("Foma")]).delay()

    begun = time.monotonic()
    with pytest.raises(tasks.PlateBroken):
        result.get()

    in_time(time.monotonic() - begun, 2.5)
    assert not result.ready()
    assert result.completed() == 1
    result.revoke()


async def test_a_groups_timeout_is_for_all_together(valkey):
    result = await squares(20).adelay()

    begun = time.monotonic()
    with pytest.raises(ResultTimeout):
        await result.aget(timeout=0.3)

    took_s = time.monotonic() - begun
    assert took_s > 0.29
    in_time(took_s, 1)


def test_a_revoked_group_never_runs(valkey, queue_length):
    result = squares(5).delay()

    assert result.revoke() == ["revoked"] * 5

    assert queue_length("default") == 0


async def test_many_members_leave_in_few_round_trips(valkey, queue_length):
    from actors.connection import client

    def calls() -> int:
        stats = client().info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval"))

    before = calls()
    await squares(1000).adelay()

    assert queue_length("default") == 1000
    assert calls() - before <= 20, "a worker's own are among them"


def test_nothing_to_run_has_ended(valkey):
    result = group([]).delay()

    assert result.get() == []
    assert result.ready()
    with pytest.raises(ValueError, match="A chain of no messages"):
        chain()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: group([add.message(1, 2), 3]), r"^group: expected messages .* got 3, a int"),
        (lambda: chain(add), r"^chain: .* Write add\.message\(\.\.\.\)"),
        (lambda: group(add.message(1, 2)), r"^group: expected a list of messages"),
        (lambda: chain(squares(2), add.message(1)), r"a group can't be a link"),
        (lambda: group([squares(2)], then=add.message(1, 2)), r"can't have groups in it"),
        (lambda: group([add.message({1}, 2)]), r"^add: argument 1 is a set"),
    ],
)
def test_what_can_not_be_put_together_is_named(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_a_member_without_results_is_told_at_once(valkey):
    result = group([add.message(1, 2), tasks.note.message("x")]).delay()

    begun = time.monotonic()
    with pytest.raises(ResultsDisabled, match="note"):
        result.get()
    in_time(time.monotonic() - begun, 1)


def compositions() -> list[Any]:
    return [
        chain(add.message(1, 2), add.message(3)),
        group([add.message(1, 5)], then=add.message(1, 5)),
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_inside_atomic_nothing_leaves_before_the_commit(worker, queue_length, number):
    composition = compositions()[number]

    with transaction.atomic():
        result = composition.delay()
        assert queue_length("default") == 0
        assert OutboxMessage.objects.count() == 1
        with pytest.raises(ResultMissing, match="when the surrounding transaction commits"):
            result.get()

    assert result.get() in (6, [6])
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("number", [0, 1])
def test_what_was_rolled_back_is_never_sent(valkey, transactional_db, queue_length, number):
    with transaction.atomic():
        compositions()[number].delay()
        transaction.set_rollback(True)

    assert not OutboxMessage.objects.exists()
    assert queue_length("default") == 0


async def test_adelay_on_commit_is_a_transaction_of_its_own(worker):
    chained, grouped = compositions()

    assert await (await chained.adelay_on_commit()) == 6
    result = await grouped.adelay_on_commit()
    assert (await result, await result.callbacks[0]) == ([6], 6)


def test_a_group_comes_late_where_its_messages_say_so(worker):
    late = add.message_with_options(args=(1, 2), delay=400)

    begun = time.monotonic()
    result = group([late, chain(late, add.message(1))]).delay()

    assert result.get() == [3, 4]
    assert time.monotonic() - begun >= 0.4


def test_dramatiqs_own_pipeline_runs_here(worker):
    run = dramatiq.pipeline([add.message(1, 2), multiply.message(10)]).run()

    assert run.get_result(block=True, timeout=5_000) == 30
