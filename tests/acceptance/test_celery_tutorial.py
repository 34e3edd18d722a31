"""What every Celery tutorial teaches, with Dramatiq underneath; each also in its `await` form.

A real Valkey, a real worker process of `rundramatiq`, committed rows.
"""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import post_save

from actors import AsyncResult, ResultsDisabled
from actors.arithmetic import add, multiply
from tests.timing import in_time
from tests.tutorial import tasks
from tests.waiting import eventually

User = get_user_model()

#: Seconds. "At once", on a busy machine: far below any of the waits that it is compared with.
AT_ONCE_S = 0.3


class Clock:
    """Seconds since the block began."""

    def __enter__(self) -> Clock:
        self._begun = time.monotonic()
        return self

    def __exit__(self, *exception: object) -> None:
        self.took_s = time.monotonic() - self._begun


@pytest.fixture
def person_sends_a_message(transactional_db):
    """A `post_save` handler as tutorials have it; gives the results of what it sent."""
    results: list[AsyncResult[bool]] = []

    def sent_on_save(instance, created, **kwargs):
        results.append(tasks.person_exists.delay_on_commit(instance.pk))

    post_save.connect(sent_on_save, sender=User)
    yield results
    post_save.disconnect(sent_on_save, sender=User)


def test_delay_returns_at_once_and_get_is_the_value(worker):
    with Clock() as clock:
        result = add.delay(4, 5)

    in_time(clock.took_s, AT_ONCE_S)
    assert result.get(timeout=10) == 9


async def test_adelay_returns_at_once_and_awaiting_is_the_value(worker):
    with Clock() as clock:
        result = await add.adelay(4, 5)

    in_time(clock.took_s, AT_ONCE_S)
    assert await result == 9


def test_a_call_runs_here_and_now_and_sends_nothing(worker, queue_length):
    sent_before = queue_length("default")

    assert multiply(3, 7) == 21

    assert queue_length("default") == sent_before == 0


async def test_a_call_in_a_coroutine_runs_here_and_now_too(worker, queue_length):
    assert multiply(3, 7) == 21
    assert await tasks.develop_slowly(0.01) == "developed"

    assert queue_length("default") == 0


def test_the_program_goes_on_while_a_slow_task_runs(worker):
    with Clock() as clock:
        slow = tasks.expose.delay(1.5, "plate")
        went_on = sum(range(1000))

    in_time(clock.took_s, AT_ONCE_S)
    assert went_on == 499_500
    assert not slow.ready()
    assert slow.get(timeout=10) == "plate"


async def test_the_loop_goes_on_while_a_slow_task_is_awaited(worker):
    slow = await tasks.expose.adelay(1.0, "plate")
    waiting = asyncio.create_task(slow.aget(timeout=10))
    quick = await asyncio.gather(*[await add.adelay(n, n) for n in range(5)])

    assert quick == [0, 2, 4, 6, 8]
    assert not waiting.done(), "the quick ones came while the slow one was awaited"
    assert await waiting == "plate"


def test_a_result_is_found_again_by_its_id(worker):
    result_id = add.delay(20, 3).id

    assert AsyncResult(result_id).get(timeout=10) == 23


async def test_a_result_is_found_again_by_its_id_with_await(worker):
    result_id = (await add.adelay(20, 3)).id

    assert await AsyncResult(result_id) == 23


def test_a_task_without_results_runs_and_says_clearly_that_none_is_kept(worker):
    name = uuid.uuid4().hex

    result = tasks.note.delay(name)

    with Clock() as clock, pytest.raises(ResultsDisabled, match=r"note .* keeps no results"):
        result.get(timeout=10)
    in_time(clock.took_s, AT_ONCE_S)
    eventually(tasks.trace(name).exists)


async def test_a_task_without_results_says_so_to_await_too(worker):
    name = uuid.uuid4().hex

    result = await tasks.note.adelay(name)

    with pytest.raises(ResultsDisabled, match=r"note .* keeps no results"):
        await result
    await asyncio.to_thread(eventually, tasks.trace(name).exists)


def test_what_a_task_raises_is_raised_by_get(worker):
    with pytest.raises(tasks.PlateBroken, match="Ilford broke: cold"):
        tasks.break_plate.delay("Ilford").get(timeout=10)


async def test_what_a_task_raises_is_raised_by_await(worker):
    with pytest.raises(tasks.PlateBroken, match="Ilford broke: cold"):
        await (await tasks.break_plate.adelay("Ilford"))


def test_a_message_of_post_save_never_runs_before_the_commit(
    worker, person_sends_a_message, queue_length
):
    with transaction.atomic():
        User.objects.create_user("ansel@example.com")
        [result] = person_sends_a_message
        # Long enough for a worker to have taken it, had it been sent.
        with pytest.raises(AssertionError):
            eventually(lambda: queue_length("default"), within=0.5)

    assert result.get(timeout=10) is True


def test_a_message_of_post_save_is_never_sent_after_a_rollback(
    worker, person_sends_a_message, queue_length
):
    with transaction.atomic():
        User.objects.create_user("ansel@example.com")
        transaction.set_rollback(True)

    [result] = person_sends_a_message
    assert not User.objects.exists()
    assert queue_length("default") == 0
    assert not result_came(result.id)


async def test_a_message_of_post_save_waits_for_the_commit_in_async_code_too(
    worker, person_sends_a_message
):
    @sync_to_async
    def sign_up() -> None:
        with transaction.atomic():
            User.objects.create_user("imogen@example.com")
            assert not result_came(person_sends_a_message[0].id)

    await sign_up()

    assert await person_sends_a_message[0] is True


async def test_a_rolled_back_hop_sends_nothing(worker, person_sends_a_message):
    @sync_to_async
    def fail_to_sign_up() -> None:
        with transaction.atomic():
            User.objects.create_user("imogen@example.com")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_to_sign_up()

    assert not await asyncio.to_thread(result_came, person_sends_a_message[0].id)


def result_came(result_id: str) -> bool:
    """Whether a result came within half a second, which a worker needs a tenth of."""
    try:
        AsyncResult(result_id).get(timeout=0.5)
    except TimeoutError:
        return False
    return True
