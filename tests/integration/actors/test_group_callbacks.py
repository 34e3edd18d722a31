"""What follows a group, against a real worker: exactly once, and only when all ended well."""

from __future__ import annotations

import uuid
from typing import Any

import dramatiq
import pytest

from actors import AsyncResult, Revoked, chain, group
from actors.arithmetic import add, multiply
from actors.dead_letters import requeue
from actors.models import DeadLetter
from tests.tutorial import tasks
from tests.waiting import eventually


def runs_of(name: str) -> int:
    """How often `tally` ran under this name."""
    return len(tasks.trace(name).read_text()) if tasks.trace(name).exists() else 0


def run_again_and_again(message: dramatiq.Message[Any], times: int) -> None:
    """Send a message whose end is known, as a relay may that died after the first time."""
    for _ in range(times):
        dramatiq.get_broker().enqueue(message)
        AsyncResult[Any](message.message_id).get()
        AsyncResult[Any](message.message_id).forget()


def test_a_callback_runs_once_when_all_have_ended_well(worker):
    name = uuid.uuid4().hex
    members = [tasks.expose.message(i / 20, "plate") for i in range(8)]
    members.append(chain(add.message(0, 0), add.message(0), add.message(0)))

    result = group(members, then=tasks.tally.message(name, 1, 2)).delay()

    assert not result.callbacks[0].ready()
    assert result.callbacks[0].get() == 2
    assert result.ready()
    assert runs_of(name) == 1


async def test_a_callback_can_be_a_chain_and_there_can_be_several(worker):
    names = [uuid.uuid4().hex for _ in range(2)]
    together = group(multiply.message(i, i) for i in range(3))
    for name in names:
        together.add_completion_callback(chain(tasks.tally.message(name), add.message(40)))

    result = await together.adelay()

    assert [await each for each in result.callbacks] == [40, 40]
    assert [runs_of(name) for name in names] == [1, 1]


def test_a_member_that_runs_twice_counts_once_and_opens_once(worker):
    name = uuid.uuid4().hex
    copies = group([add.message(1, 2), add.message(3, 4)], then=tasks.tally.message(name))._copy({})
    (callback,) = copies.handle(None).callbacks

    run_again_and_again(copies.messages[0], times=2)
    is_early = callback.ready()
    run_again_and_again(copies.messages[1], times=2)

    assert not is_early
    assert callback.get() == 0
    assert add.delay(1, 2).get() == 3
    assert runs_of(name) == 1


def test_a_member_that_is_tried_again_counts_when_it_has_ended(worker):
    name, again = uuid.uuid4().hex, uuid.uuid4().hex

    result = group([tasks.break_once.message(again)], then=tasks.tally.message(name)).delay()

    assert result.callbacks[0].get() == 0
    assert result.get() == [again]


@pytest.mark.parametrize("rest", [(), (add.message(1),)])
def test_the_callback_of_a_group_with_a_failed_member_never_runs_and_says_so(worker, rest):
    name = uuid.uuid4().hex
    broken = chain(tasks.break_plate.message("Foma"), *rest)

    result = group([add.message(1, 2), broken], then=tasks.tally.message(name)).delay()

    with pytest.raises(tasks.PlateBroken, match="Foma"):
        result.callbacks[0].get()
    eventually(result.ready)
    assert runs_of(name) == 0


def test_a_requeued_member_lets_the_group_and_its_chain_go_on(worker):
    name, plate = uuid.uuid4().hex, uuid.uuid4().hex
    fragile = tasks.break_once.message_with_options(args=(plate,), max_retries=0)
    result = group(
        [chain(fragile, tasks.expose.message(0))], then=tasks.tally.message(name)
    ).delay()
    with pytest.raises(tasks.PlateBroken):
        result.get()

    requeue(DeadLetter.objects.get(actor_name="break_once"))

    eventually(lambda: runs_of(name) == 1)
    assert result.results[0].links[1].get() == plate


def test_revoking_a_member_revokes_the_callback(valkey):
    result = group([add.message(1, 2)] * 3, then=add.message(1, 2)).delay()

    result.results[1].revoke()

    with pytest.raises(Revoked):
        result.callbacks[0].get(timeout=1)


def test_the_callback_of_an_empty_group_runs_at_once(worker):
    name = uuid.uuid4().hex

    result = group([], then=tasks.tally.message(name)).delay()

    assert result.get() == []
    assert result.callbacks[0].get() == 0


def test_dramatiqs_own_group_runs_here_with_its_callbacks(worker):
    name = uuid.uuid4().hex
    own = dramatiq.group([add.message(i, i) for i in range(5)])
    own.add_completion_callback(tasks.tally.message(name))

    own.run()

    assert list(own.get_results(block=True, timeout=5_000)) == [0, 2, 4, 6, 8]
    eventually(lambda: runs_of(name) == 1)
    assert own.completed
