"""`actors.testing`: what is sent is kept, asserted and run, and nothing asks Redis."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import dramatiq
import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import SimpleTestCase, TestCase, TransactionTestCase

from actors import Actor, AsyncResult, ResultMissing, actor
from actors.arithmetic import add, multiply
from actors.errors import Revoked
from actors.models import OutboxMessage
from actors.testing import arun_sent, assert_sent, capture, run_sent
from actors.testing.fixtures import stub_broker  # noqa: F401
from tests.tutorial import tasks

ROOT = Path(__file__).resolve().parent.parent.parent.parent
captured = pytest.mark.usefixtures("stub_broker")


@pytest.fixture(autouse=True)
def no_redis(settings) -> None:
    """No server is there; whoever asks for one fails."""
    settings.ACTORS_REDIS_URL = "unix:///nowhere/redis.sock"


@pytest.fixture
def declare() -> Iterator[object]:
    """Declares actors for one test."""
    declared: list[Actor] = []

    def declare(function):
        declared.append(actor(function))
        return declared[-1]

    yield declare
    for each in declared:
        del dramatiq.get_broker().actors[each.actor_name]


@captured
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((4, 5), {}),
        ((4,), {"y": 5}),
        ((), {"x": 4, "y": 5}),
        ((), {}),
        ((), {"y": 5}),
        ((4, ANY), {}),
    ],
)
def test_what_was_sent_is_found_however_it_is_said(args, kwargs):
    add.delay(4, y=5)

    [message] = assert_sent(add, *args, **kwargs)

    assert message.actor_name == "add"


@captured
@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((add, 1, 2), {}),
        ((add, 4, 5), {"times": 2}),
        ((add, 4, 5), {"times": 0}),
        ((add, 4, 5), {"queue": "mail"}),
        ((multiply,), {}),
    ],
)
def test_what_was_not_sent_is_not_found(args, told):
    add.delay(4, y=5)

    with pytest.raises(AssertionError):
        assert_sent(*args, **told)


@captured
def test_the_failure_lists_what_was_sent():
    add.delay(4, y=5)
    multiply.apply_async((1, 2), countdown=60)
    run_sent()
    tasks.note.delay("plate")

    with pytest.raises(AssertionError) as caught:
        assert_sent(add, 1, y=2, queue="mail", times=3)

    text = re.sub(r"in \d\S* s", "in 60 s", str(caught.value))
    assert text == (
        "Expected add(1, y=2) on queue mail to be sent 3 times, found 0. What was sent:\n"
        "  1. add(4, y=5) on queue default (succeeded)\n"
        "  2. multiply(1, 2) on queue default, in 60 s (succeeded)\n"
        "  3. note('plate') on queue default"
    )


@captured
def test_the_failure_says_when_nothing_was_sent():
    with pytest.raises(AssertionError, match=r"^Expected add\(\.\.\.\) .* Nothing was sent\.$"):
        assert_sent(add)


@captured
def test_what_was_sent_waits_until_it_is_run():
    result = add.delay(4, 5)
    assert (result.state, result.ready()) == ("queued", False)
    with pytest.raises(ResultMissing, match=r"it is queued, .* call run_sent\(\)"):
        result.get()

    assert run_sent() == 1

    assert result.get() == 9
    assert run_sent() == 0


@captured
def test_messages_run_in_order_with_what_they_send(declare):
    ran = []

    def develop(name: str, prints: int) -> None:
        ran.append(name)
        for number in range(prints):
            develop_.delay(f"{name}{number}", prints - 1)

    develop_ = declare(develop)
    develop_.delay("a", 2)
    develop_.delay("b", 1)

    assert run_sent() == 7
    assert ran == ["a", "b", "a0", "a1", "b0", "a00", "a10"]


@captured
def test_a_failure_is_raised_and_the_rest_can_still_be_run():
    broken, result = tasks.break_plate.delay("Agfa"), add.delay(1, 2)

    with pytest.raises(tasks.PlateBroken, match="Agfa broke"):
        run_sent()

    assert run_sent() == 1
    assert (broken.state, result.get()) == ("failed", 3)


@captured
def test_a_failure_can_be_left_to_its_result():
    broken = tasks.break_plate.delay("Agfa")

    assert run_sent(raises=False) == 1

    with pytest.raises(tasks.PlateBroken):
        broken.get()


@captured
def test_an_actor_that_sends_itself_for_ever_is_stopped(declare):
    def again() -> None:
        again_.delay()

    again_ = declare(again)
    again_.delay()

    with pytest.raises(
        AssertionError, match="10 messages ran, and there are more; the next: again"
    ):
        run_sent(limit=10)


@captured
def test_what_was_revoked_does_not_run():
    result = add.delay(1, 2)

    assert result.revoke() == "revoked"
    run_sent()

    with pytest.raises(Revoked):
        result.get()


@captured
def test_the_result_of_another_process_is_not_asked_for():
    with pytest.raises(ResultMissing, match="a test captures what is sent"):
        AsyncResult("5f0c5c9e-0b7c-4d0c-8f3c-0a4b5a6e7d8c").get()


@captured
async def test_async_tests_send_and_run():
    results = [await add.adelay(1, 2), *(await add.adelay_many([(3, 4), (5, 6)]))]

    assert await arun_sent() == 3

    assert [await result for result in results] == [3, 7, 11]
    assert_sent(add, times=3)


@captured
async def test_run_sent_under_a_running_loop_names_its_twin():
    with pytest.raises(RuntimeError, match=r"use `await arun_sent\(\)`"):
        run_sent()


@captured
def test_what_is_sent_in_atomic_is_sent_at_the_commit(transactional_db):
    with transaction.atomic():
        add.delay(1, 2)
        assert_sent(add, times=0)

    assert_sent(add, 1, 2)
    assert not OutboxMessage.objects.exists()


@captured
def test_a_rollback_sends_nothing(transactional_db):
    with transaction.atomic():
        add.delay_on_commit(1, 2)
        transaction.set_rollback(True)

    assert_sent(add, times=0)


@captured
def test_with_pytests_db_commit_callbacks_are_djangos(db, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        add.delay(1, 2)

    assert_sent(add, 1, 2)


@captured
def test_what_an_actor_commits_is_committed_though_the_test_is_not(db, declare):
    def save_and_send() -> None:
        with transaction.atomic():
            sent.append(add.delay(1, 2))
            assert_sent(add, times=0)

    sent: list[AsyncResult[int]] = []
    transaction.on_commit(lambda: pytest.fail("the test's own, which never commits"))
    declare(save_and_send).delay()

    assert run_sent() == 2
    assert sent[0].get() == 3


def test_without_a_capture_it_says_how_to_get_one():
    with pytest.raises(RuntimeError, match="use the fixture `stub_broker`"):
        assert_sent(add)


def test_after_the_block_all_is_as_before():
    broker = dramatiq.get_broker()

    with capture() as outer, capture() as inner:
        result = add.delay(1, 2)
        inner.run_sent()

    assert (len(outer.sent), len(inner.sent), result.get()) == (0, 1, 3)
    assert dramatiq.get_broker() is broker
    assert add.broker is broker


@capture()
def test_a_decorated_test_captures():
    add.delay(1, 2)

    assert_sent(add)


@capture()
async def test_a_decorated_async_test_captures():
    await add.adelay(1, 2)

    assert_sent(add)


class InASimpleTestCase(SimpleTestCase):
    """One without a database."""

    @capture()
    def test_what_is_sent_runs(self):
        result = add.delay(1, 2)

        run_sent()

        assert result.get() == 3


class InATestCase(TestCase):
    """One that never commits its own block."""

    def setUp(self):
        self.broker = self.enterContext(capture())

    def test_callbacks_are_captured_as_ever(self):
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            person = get_user_model().objects.create_user("ansel@example.com")
            result = tasks.person_exists.delay_on_commit(person.pk)
            assert self.broker.sent == []

        run_sent()
        assert result.get() is True

    async def test_async_tests_see_the_same_database(self):
        person = await get_user_model().objects.acreate(email="ansel@example.com")
        result = await tasks.person_exists.adelay(person.pk)

        await arun_sent()

        assert await result is True


class InATransactionTestCase(TransactionTestCase):
    """One that commits."""

    @capture()
    def test_a_commit_sends(self):
        with transaction.atomic():
            result = add.delay(1, 2)

        run_sent()

        assert result.get() == 3


def test_the_how_to_runs(tmp_path: Path):
    """Each block of docs/testing.md that has tests, in a process without a server."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "testing.md").read_text(), re.S)
    (tmp_path / "conftest.py").write_text(blocks[0])
    for number, block in enumerate(blocks[1:]):
        (tmp_path / f"test_{number}.py").write_text(block)
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and k[:8] != "DARKROOM"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "pyproject.toml"]

    ran = subprocess.run(
        [*command, "--rootdir", str(ROOT), str(tmp_path)],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(blocks) >= 4
