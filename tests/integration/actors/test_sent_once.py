"""A committed message is sent once, whoever dies between its send and the deletion of its row."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from django.db import transaction
from django.utils import timezone
from dramatiq import Message
from dramatiq.broker import MessageProxy

from actors import AsyncResult, burial, dead_letters, outbox
from actors.arithmetic import add
from actors.connection import client
from actors.models import DeadLetter, OutboxMessage
from actors.outbox import remembering
from actors.wire import lines, scripts
from tests.tutorial import tasks
from tests.waiting import eventually
from tests.workers import run_python

SENT = "unattended:__sent__"


@pytest.fixture
def consumer(valkey, transactional_db):
    """A consumer of the queue that no worker looks at."""
    consumer = dramatiq.get_broker().consume("default", prefetch=2, timeout=1000)
    yield consumer
    consumer.close()


def taken(consumer: Any) -> MessageProxy:
    """The next message, which there must be."""
    message = next(consumer)
    assert message is not None
    return message


def die(consumer: Any, message: MessageProxy) -> None:
    """End a message as one that failed for good, its dead letter written before."""
    message.fail()
    consumer.nack(message)
    eventually(
        lambda: not client().exists(f"unattended:__held__:{dramatiq.get_broker().broker_id}")
    )


def held_by_a_dead_worker(message_id: str) -> None:
    client().hset("unattended:__held__:dead", message_id, "1:0:default")
    client().zadd("unattended:__workers__", {"dead": 1})
    client().delete("unattended:default")


def bury(message: MessageProxy) -> DeadLetter:
    message.stuff_exception(ValueError("cold"))
    burial.bury(message, dramatiq.get_broker())
    return DeadLetter.objects.get(pk=message.message_id)


def test_a_dead_letter_sent_again_before_its_message_has_left_runs_again(consumer):
    add.delay(4, 5)
    message = taken(consumer)
    stored = dead_letters.requeue(bury(message))
    assert stored is not None
    assert stored.is_sent

    die(consumer, message)

    again = taken(consumer)
    assert (again.message_id, again.args) == (message.message_id, (4, 5))
    assert AsyncResult(again.message_id).state == "queued"
    consumer.ack(again)
    eventually(lambda: not client().exists("unattended:default.msgs", "unattended:default.again"))


def test_one_with_a_priority_keeps_it_when_it_comes_again(consumer):
    add.apply_async((1, 2), priority=5)
    message = taken(consumer)
    dead_letters.requeue(bury(message))
    add.delay(3, 4)

    die(consumer, message)

    assert [taken(consumer).args, taken(consumer).args] == [(1, 2), (3, 4)]


def test_one_that_is_revoked_in_that_moment_does_not_come_again(consumer):
    result = add.delay(4, 5)
    message = taken(consumer)
    dead_letters.requeue(bury(message))

    assert result.revoke() == "asked"
    die(consumer, message)

    assert next(consumer) is None
    assert not client().exists("unattended:default.msgs", "unattended:default.again")


def test_one_that_is_sent_again_after_it_was_revoked_comes_once_it_is_given_back(consumer):
    result = add.delay(4, 5)
    message = taken(consumer)
    letter = bury(message)
    assert result.revoke() == "asked"

    dead_letters.requeue(letter)
    consumer.requeue([message])

    assert taken(consumer).message_id == message.message_id
    assert result.state == "queued"


def test_one_whose_worker_died_in_that_moment_runs_to_its_end_and_then_again(consumer):
    result = add.delay(4, 5)
    held_by_a_dead_worker(result.id)
    message = MessageProxy(Message.decode(client().hget("unattended:default.msgs", result.id)))
    dead_letters.requeue(bury(message))
    lines.call(*scripts.REAP("unattended", 1000, 10), action="reap")

    first = taken(consumer)
    consumer.ack(first)

    assert taken(consumer).message_id == first.message_id == result.id


def test_a_letter_can_be_sent_again_while_its_first_send_has_a_row(consumer):
    with transaction.atomic():
        add.delay(4, 5)
    message = taken(consumer)
    OutboxMessage.objects.create(
        id=message.message_id,
        message_id=message.message_id,
        actor_name="add",
        queue_name="default",
        payload=message.encode(),
    )
    letter = bury(message)
    die(consumer, message)

    dead_letters.requeue(letter)
    outbox.relay(grace=timedelta(0))

    consumer.ack(taken(consumer))
    assert next(consumer) is None
    assert not OutboxMessage.objects.exists()


#: Each child commits in another way, and is killed when Redis has it and the rows are still there.
#: Rows are dated ahead, so that no worker relays them before the test wants it.
KILLED = """
import datetime, os
import dramatiq
from django.db import transaction
from django.db.models import query
from actors import AsyncResult, dead_letters
from actors.models import DeadLetter, OutboxMessage
from django.utils import timezone
from tests.tutorial.tasks import tally

created_at = OutboxMessage._meta.get_field("created_at")
created_at.default = lambda: timezone.now() + datetime.timedelta(hours=1)

dramatiq.get_broker().namespace = {namespace!r}
query.QuerySet.delete = lambda self: os.kill(os.getpid(), 9)

def requeued():
    letter = DeadLetter.objects.get()
    dead_letters.requeue(letter)
    return [AsyncResult(letter.pk)]

ways = [
    lambda: [tally.delay({name!r})],
    lambda: tally.delay_many([({name!r},), ({name!r},)]),
    lambda: [tally.apply_async(({name!r},), countdown=0.2)],
    lambda: [tally.apply_async(({name!r},), priority=7)],
    lambda: [tally.apply_async(({name!r},), message_id="tally-" + {name!r})],
    requeued,
]
for way in ways:
    if not (pid := os.fork()):
        with transaction.atomic():
            print(*(each.id for each in way()), flush=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 9
"""
SENDS = 7


@pytest.fixture
def name() -> str:
    """The name of a file that nobody has left yet."""
    return uuid.uuid4().hex


def killed_after_sending(name: str, namespace: str) -> list[str]:
    """Send in processes that die before they delete their rows; return the ids."""
    message = tasks.tally._build((name,), None)
    DeadLetter.objects.create(
        id=message.message_id,
        actor_name="tally",
        queue_name=message.queue_name,
        payload=message.encode(),
        error_type="ValueError",
        error="cold",
    )
    killed = run_python(KILLED.format(namespace=namespace, name=name))
    assert killed.returncode == 0, killed.stderr
    ids = killed.stdout.split()
    assert len(ids) == SENDS
    assert OutboxMessage.objects.filter(message_id__in=ids).count() == SENDS
    return ids


def test_a_kill_between_the_send_and_the_delete_runs_nothing_twice(worker, name):
    ids = killed_after_sending(name, "dramatiq")
    eventually(lambda: all(AsyncResult(each).ready() for each in ids))

    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(seconds=6))
    eventually(lambda: not OutboxMessage.objects.exists())

    assert tasks.tally.delay(name + " later").get() == 0
    assert tasks.trace(name).read_text() == "|" * SENDS


def test_a_second_send_of_a_key_is_dropped_whatever_became_of_the_first(
    valkey, transactional_db, name, queue_length
):
    killed_after_sending(name, "unattended")
    assert queue_length("default") == SENDS
    client().delete(*client().keys("unattended:default*"))

    outbox.relay(grace=timedelta(hours=-2))

    assert queue_length("default") == 0
    assert not OutboxMessage.objects.exists()
    assert client().zcard(SENT) == SENDS


def sent_at(age: timedelta, key: str) -> None:
    moment = timezone.now() - age
    client().zadd(SENT, {key: int(moment.timestamp() * 1000)})


def test_a_sent_key_is_remembered_for_a_day_and_as_long_as_it_has_a_row(
    valkey, transactional_db, monkeypatch
):
    monkeypatch.setattr(remembering, "PAGE", 2)
    day, young, old, with_row = remembering.REMEMBERED, *(str(uuid.uuid4()) for _ in range(3))
    row = OutboxMessage.objects.create(id=with_row, message_id=with_row)
    sent_at(day - timedelta(minutes=1), young)
    sent_at(day + timedelta(minutes=1), old)
    sent_at(day + timedelta(minutes=2), with_row)

    steps = [remembering.forget_old_keys() for _ in range(2)]
    assert steps == [True, False]
    assert set(client().zrange(SENT, 0, -1)) == {young.encode(), with_row.encode()}

    row.delete()
    sent_at(day + timedelta(minutes=2), with_row)
    remembering.forget_old_keys()
    assert client().zrange(SENT, 0, -1) == [young.encode()]


def test_what_was_sent_without_a_commit_is_not_remembered(valkey, transactional_db):
    add.delay(1, 2)

    assert not client().exists(SENT)
