"""Chains, against a real worker: values passed on, and links that fail or are revoked."""

from __future__ import annotations

import uuid

import pytest

from actors import (
    AsyncResult,
    ResultMissing,
    Revoked,
    chain,
)
from actors.arithmetic import add, multiply
from tests.tutorial import tasks
from tests.waiting import eventually
from tests.workers import run_python


def test_a_chain_passes_each_value_on_and_gives_the_last(worker):
    result = chain(add.message(1, 2), multiply.message(10), add.message(5)).delay()

    assert result.get() == 35
    assert [link.get() for link in result.links] == [3, 30, 35]
    assert AsyncResult(result.id).get() == 35


async def test_a_chain_is_sent_and_awaited_in_a_coroutine(worker):
    result = await chain(add.message(1, 2), multiply.message(10)).adelay()

    assert await result == 30


def test_chains_in_chains_and_dramatiqs_pipelines_are_links_too(worker):
    inner = chain(add.message(1), add.message(1))

    result = chain(add.message(1, 1) | multiply.message(3), inner).delay()

    assert result.get() == 8


def test_a_pattern_can_be_used_and_sent_again(worker):
    double = multiply.message(2)
    twice = chain(add.message(1, 0), double, double)

    first, second = twice.delay(), twice.delay()

    assert first.id != second.id
    assert (first.get(), second.get(), chain(add.message(4, 4), double).delay().get()) == (4, 4, 16)


def test_a_long_chain_arrives(worker):
    result = chain(add.message(0, 1), *(add.message(1) for _ in range(99))).delay()

    assert result.get() == 100


def test_a_failing_link_is_raised_by_the_last_handle_and_names_itself(worker):
    result = chain(add.message(1, 2), tasks.break_plate.message(), add.message(1)).delay()

    with pytest.raises(tasks.PlateBroken, match=r"^3 broke: cold") as caught:
        result.get()

    told = f"never ran: break_plate {result.links[1].id}, which comes before it, failed."
    assert caught.value.__notes__[0].endswith(told)
    assert [link.state for link in result.links] == ["succeeded", "failed", "failed"]


def test_another_process_learns_of_a_failed_link_by_the_last_ones_id(worker):
    result = chain(tasks.break_plate.message("Ilford"), add.message(1)).delay()
    eventually(result.ready)

    said = run_python(f"from actors import AsyncResult; AsyncResult('{result.id}').get()")

    assert "PlateBroken: Ilford broke: cold" in said.stderr


def test_a_link_that_is_tried_again_does_not_end_its_chain(worker):
    name = uuid.uuid4().hex

    result = chain(tasks.break_once.message(name), tasks.expose.message(0)).delay()

    assert result.get() == name


async def test_a_failing_link_is_raised_where_it_is_awaited(worker):
    result = await chain(tasks.break_plate.message("Agfa"), add.message(1)).adelay()

    with pytest.raises(tasks.PlateBroken, match="Agfa"):
        await result


def test_a_link_without_a_result_to_pass_on_ends_the_chain_with_words(worker):
    result = chain(tasks.give_set.message(), add.message(1)).delay()

    with pytest.raises(TypeError, match="give_set returned a set"):
        result.get()


def test_a_link_that_waits_to_be_revoked_takes_the_rest_with_it(valkey):
    result = chain(add.message(1, 2), multiply.message(10), add.message(5)).delay()

    assert result.links[0].revoke() == "revoked"

    for link in result.links:
        with pytest.raises(Revoked):
            link.get(timeout=1)


def test_a_chain_revoked_while_a_link_runs_never_goes_on(worker):
    name = uuid.uuid4().hex
    slow = tasks.expose.message(0.7, "plate")
    result = chain(slow, tasks.note.message_with_options(args=(name,), pipe_ignore=True)).delay()
    eventually(lambda: result.links[0].state == "running")

    assert result.revoke() == "asked"

    eventually(lambda: result.links[0].info().ended)
    assert result.state == "revoked"
    assert add.delay(1, 2).get() == 3
    assert not tasks.trace(name).exists()


async def test_a_later_link_is_revoked_by_its_id_before_it_comes(worker):
    result = await chain(tasks.expose.message(0.5, "a"), tasks.expose.message(0)).adelay()

    assert await AsyncResult(result.id).arevoke() == "unknown"

    with pytest.raises(Revoked):
        await result
    assert await result.links[0] == "a"


def test_an_expired_link_says_so_for_all_that_follow(worker):
    late = add.message_with_options(args=(1, 2), expires_at=1)

    with pytest.raises(ResultMissing, match="expired"):
        chain(late, add.message(1)).delay().get()
