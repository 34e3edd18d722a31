"""Durable sends: with the transaction or not at all, and past an outage."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import ConnectionError

from actors import AsyncResult, BrokerUnavailable, ResultMissing, group, outbox
from actors.arithmetic import add
from actors.connection import client
from actors.models import OutboxMessage
from actors.outbox import relaying
from tests.tutorial import tasks
from tests.workers import run_python

SECOND = timedelta(seconds=1)


def test_a_message_leaves_after_the_commit_and_finds_the_row(worker):
    with transaction.atomic():
        person = get_user_model().objects.create_user("ansel@example.com")
        result = tasks.person_exists.delay_on_commit(person.pk)
        assert OutboxMessage.objects.filter(pk=result.id).exists()

    assert result.get() is True
    assert not OutboxMessage.objects.exists()


def test_plain_delay_inside_a_transaction_takes_the_same_way(worker, queue_length):
    with transaction.atomic():
        result = add.delay(1, 2)
        assert queue_length("default") == 0
        assert OutboxMessage.objects.count() == 1

    assert result.get() == 3


def test_a_rollback_leaves_neither_row_nor_message(valkey, transactional_db, queue_length):
    with transaction.atomic():
        add.delay_on_commit(1, 2)
        transaction.set_rollback(True)

    assert not OutboxMessage.objects.exists()
    assert queue_length("default") == 0


def test_a_savepoint_that_is_rolled_back_takes_only_its_own_messages(
    valkey, transactional_db, queue_length
):
    with transaction.atomic():
        add.delay(1, 2)
        with transaction.atomic():
            add.delay(3, 4)
            transaction.set_rollback(True)

    assert queue_length("default") == 1


def test_a_nested_block_leaves_nothing_before_the_outer_one_commits(
    valkey, transactional_db, queue_length
):
    with transaction.atomic():
        with transaction.atomic():
            add.delay(1, 2)
        assert queue_length("default") == 0
        with transaction.atomic(durable=False, savepoint=False):
            add.delay(3, 4)
        assert queue_length("default") == 0

    assert queue_length("default") == 2
    assert not OutboxMessage.objects.exists()


def test_the_outer_blocks_rollback_takes_what_a_nested_one_stored(
    valkey, transactional_db, queue_length
):
    with transaction.atomic():
        with transaction.atomic():
            add.delay(1, 2)
        transaction.set_rollback(True)

    assert queue_length("default") == 0
    assert not OutboxMessage.objects.exists()


def test_a_savepoint_of_ones_own_takes_back_what_came_after_it(
    valkey, transactional_db, queue_length
):
    with transaction.atomic():
        kept = add.delay(1, 2)
        savepoint = transaction.savepoint_create()
        add.delay(3, 4)
        transaction.savepoint_rollback(savepoint)

    assert queue_length("default") == 1
    assert client().hexists("unattended:default.msgs", kept.id)
    assert not OutboxMessage.objects.exists()


def test_a_callback_that_fails_neither_reaches_the_view_nor_stops_the_send(
    valkey, transactional_db, queue_length, caplog
):
    with transaction.atomic():
        transaction.on_commit(lambda: 1 / 0, robust=True)
        add.delay(1, 2)

    assert queue_length("default") == 1
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("message_id", ["order-7", "Straße", "x" * 200, str(uuid.uuid4()).upper()])
def test_an_id_of_ones_own_needs_not_be_a_uuid(worker, message_id):
    with transaction.atomic():
        result = add.apply_async((1, 2), message_id=message_id)
        assert OutboxMessage.objects.get().message_id == message_id

    assert result.id == message_id
    assert AsyncResult(message_id).get() == 3
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("message_id", ["", "a b", "x" * 201, "nul\0", "line\n", 7])
def test_an_id_that_could_not_be_kept_is_refused_before_anything_is_stored(db, message_id):
    with transaction.atomic(), pytest.raises(ValueError, match=r"message_id is .* 1 to 200"):
        add.apply_async((1, 2), message_id=message_id)

    assert not OutboxMessage.objects.exists()


def test_one_id_is_one_message_also_in_one_transaction(valkey, transactional_db, queue_length):
    with transaction.atomic():
        for _ in range(2):
            add.apply_async((1, 2), message_id="order-7")
        assert OutboxMessage.objects.count() == 1

    assert queue_length("default") == 1


def test_one_that_is_stored_can_be_revoked_by_an_id_that_is_no_uuid(valkey, transactional_db):
    with transaction.atomic():
        result = add.apply_async((1, 2), message_id="order-7")
        assert result.revoke() == "revoked"
        assert not OutboxMessage.objects.exists()


def test_sending_now_inside_a_transaction_can_be_asked_for(worker):
    with transaction.atomic():
        assert add.apply_async((2, 2), on_commit=False).get() == 4


def test_many_inside_a_transaction_take_the_durable_way_too(worker, queue_length):
    with transaction.atomic():
        results = add.delay_many([(number, 1) for number in range(20)])
        assert queue_length("default") == 0
        assert OutboxMessage.objects.count() == 20
        with pytest.raises(ResultMissing, match="when the surrounding transaction commits"):
            results[0].get()

    assert [result.get() for result in results] == list(range(1, 21))
    assert not OutboxMessage.objects.exists()


def test_many_that_are_rolled_back_are_never_sent(valkey, transactional_db, queue_length):
    with transaction.atomic():
        add.delay_many_on_commit([(1, 2), (3, 4)])
        transaction.set_rollback(True)

    assert not OutboxMessage.objects.exists()
    assert queue_length("default") == 0


async def test_many_are_stored_and_sent_from_a_coroutine(worker):
    results = await add.adelay_many_on_commit([(1, 2), (3, 4)])

    assert [await result for result in results] == [3, 7]


@pytest.mark.parametrize(
    "send",
    [
        lambda: add.delay_many([(number, 1) for number in range(500)]),
        lambda: group(add.message(number, 1) for number in range(500)).delay(),
    ],
    ids=["delay_many", "group"],
)
def test_many_cost_one_statement_each_way(valkey, transactional_db, queue_length, send):
    with CaptureQueriesContext(connection) as statements, transaction.atomic():
        send()

    kinds = Counter(each["sql"].split()[0] for each in statements.captured_queries)
    assert (kinds["INSERT"], kinds["DELETE"]) == (1, 1), kinds
    assert sum(kinds.values()) <= 8, kinds
    assert queue_length("default") == 500
    assert not OutboxMessage.objects.exists()


async def test_adelay_on_commit_is_a_transaction_of_its_own(worker):
    result = await add.adelay_on_commit(1, 2)

    assert await result == 3


async def test_a_hop_that_saves_and_sends_can_be_awaited_for(worker):
    @sync_to_async
    def save_and_send():
        with transaction.atomic():
            person = get_user_model().objects.create_user("imogen@example.com")
            return tasks.person_exists.delay_on_commit(person.pk)

    assert await (await save_and_send()) is True


def test_a_postponed_message_keeps_its_time(worker):
    with transaction.atomic():
        result = add.apply_async((1, 2), countdown=0.3)

    assert result.get() == 3


class InATestCase(TestCase):
    """A `TestCase` wraps each test in `atomic()`, which is not the code's own."""

    @pytest.fixture(autouse=True)
    def _valkey(self, valkey):
        """Give it a server."""

    def test_delay_outside_of_the_codes_own_atomic_sends_now(self):
        add.delay(1, 2)

        assert client().hlen("unattended:default.msgs") == 1

    def test_captured_callbacks_send_what_the_code_stored(self):
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            add.delay(1, 2)
            assert client().hlen("unattended:default.msgs") == 0

        assert client().hlen("unattended:default.msgs") == 1
        assert not OutboxMessage.objects.exists()

    def test_captured_callbacks_know_nothing_of_a_block_that_was_rolled_back(self):
        with self.captureOnCommitCallbacks(execute=True) as callbacks, transaction.atomic():
            add.delay(1, 2)
            with transaction.atomic():
                add.delay(3, 4)
                transaction.set_rollback(True)

        assert len(callbacks) == 1
        assert client().hlen("unattended:default.msgs") == 1
        assert not OutboxMessage.objects.exists()


@pytest.fixture
def without_redis(valkey_server, valkey):
    """Stops the server; `start()` brings it back, as the end of the test does at the latest."""
    valkey_server.stop()
    yield valkey_server
    try:
        client().ping()
    except ConnectionError:
        valkey_server.start()


def test_without_redis_delay_says_what_to_do(without_redis):
    with pytest.raises(BrokerUnavailable, match=r"Redis can't be reached to send add .*make run"):
        add.delay(1, 2)


async def test_without_redis_adelay_and_aget_say_so_and_the_loop_is_free(without_redis):
    result = asyncio.create_task(add.adelay(1, 2))

    with pytest.raises(BrokerUnavailable, match="make run"):
        await result


def test_without_redis_a_durable_send_waits_for_the_relay(
    without_redis, transactional_db, queue_length, caplog, monkeypatch
):
    add.delay_on_commit(1, 2)
    assert OutboxMessage.objects.count() == 1
    assert "Left to the relay" in caplog.text

    without_redis.start()
    assert outbox.relay() == 0, "a fresh row is its sender's"
    monkeypatch.setattr(relaying, "GRACE", timedelta(0))
    assert outbox.relay() == 1

    assert not OutboxMessage.objects.exists()
    assert queue_length("default") == 1


def test_a_process_killed_after_its_commit_leaves_the_message_to_the_relay(
    worker,
):
    code = (
        "import os; from django.db import transaction; from actors import outbox\n"
        "from actors.arithmetic import add\n"
        "outbox.StoredMessages.send = lambda self: os.kill(os.getpid(), 9)\n"
        "with transaction.atomic(): print(add.delay(4, 5).id, flush=True)\n"
    )
    killed: subprocess.CompletedProcess[str] = run_python(code)
    assert killed.returncode == -9

    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(seconds=6))
    assert AsyncResult(killed.stdout.strip()).get() == 9


#: Each child commits two messages, and is killed before one line of the outbox, then the next.
#: Their rows are dated ahead, so that no other test's worker relays them.
KILLED_AT_EACH_LINE = """
import datetime, itertools, os, sys
import dramatiq
from django.db import transaction
from django.utils import timezone
from actors import outbox
from actors.arithmetic import add
from actors.models import OutboxMessage

created_at = OutboxMessage._meta.get_field("created_at")
created_at.default = lambda: timezone.now() + datetime.timedelta(hours=1)
dramatiq.get_broker().namespace = "unattended"

FOLDER = os.path.dirname(outbox.__file__)

def child(last_line):
    lines = set()
    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(FOLDER):
            return None
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
            if len(lines) == last_line:
                os.kill(os.getpid(), 9)
        return trace
    sys.settrace(trace)
    with transaction.atomic():
        sent = add.delay_many([(1, 2), (3, 4)])
        print(*(each.id for each in sent), flush=True)

for line in itertools.count(1):
    if not (pid := os.fork()):
        child(line)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    assert status in (0, 9), status
    if status == 0:
        break
print(line)
"""


def test_a_kill_before_any_line_leaves_all_of_what_was_committed_or_nothing(
    valkey, transactional_db, queue_length, monkeypatch
):
    monkeypatch.setattr(relaying, "GRACE", timedelta(hours=-2))

    ended = run_python(KILLED_AT_EACH_LINE)

    *committed, count = ended.stdout.splitlines()
    ids = {message_id for line in committed for message_id in line.split()}
    assert int(count) - len(committed) > 5 < len(committed), ended.stderr
    in_redis = {key.decode() for key in client().hkeys("unattended:default.msgs")}
    stored = {str(pk) for pk in OutboxMessage.objects.values_list("pk", flat=True)}
    assert in_redis | stored == ids
    assert stored - in_redis, "none was killed before it could send"
    assert in_redis - stored, "none had sent and deleted"
    assert in_redis & stored, "none was killed between"
    outbox.relay()
    assert queue_length("default") == len(ids)
    assert not OutboxMessage.objects.exists()
