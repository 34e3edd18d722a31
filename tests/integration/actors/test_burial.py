"""What a dead letter says: its cause, its arguments, and each attempt with its own traceback."""

from __future__ import annotations

import dataclasses
import time
import uuid

import dramatiq
import pytest
from dramatiq import Message

from actors import AsyncResult, attempts, burial
from actors.arithmetic import add
from actors.connection import client
from actors.models import DeadLetter
from actors.signals import dead_lettered
from actors.worker.deliveries import Delivery
from tests.tutorial import tasks
from tests.waiting import eventually

#: A message in which two parts are left out.
FIELDS = b'{"queue_name":"default","args":[],"kwargs":{},"message_id":"m","actor_name":%b}'


def letter_of(message_id: str) -> DeadLetter:
    return eventually(DeadLetter.objects.filter(pk=message_id).first, what="its dead letter")


def put(held_id: str, data: bytes) -> None:
    """Put bytes on the queue, as any program can."""
    client().hset("dramatiq:default.msgs", held_id, data)
    client().rpush("dramatiq:default", held_id)


def foreign(message_id: str, **fields: object) -> bytes:
    message = dataclasses.replace(add._build((1, 2), None), message_id=message_id, **fields)
    return message.copy(options={"redis_message_id": message_id}).encode()


@pytest.fixture
def heard():
    """Has what listeners are told do what a test says."""
    listeners = []

    def listen(listener):
        dead_lettered.connect(listener)
        listeners.append(listener)

    yield listen
    for each in listeners:
        dead_lettered.disconnect(each)


def test_the_row_says_what_ran_and_how_it_ended(worker):
    result = tasks.break_plate.apply_async(kwargs={"plate": "Kodak"})

    letter = letter_of(result.id)
    assert (letter.cause, letter.attempts, letter.state) == ("exhausted", 1, "dead")
    assert letter.arguments == 'plate="Kodak"'
    assert letter.sent_at <= letter.first_at <= letter.failed_at
    (attempt,) = letter.tries
    assert (attempt["type"], attempt["msg"]) == ("PlateBroken", "Kodak broke: cold")
    assert "raise PlateBroken" in attempt["traceback"]


def test_each_attempt_has_its_own_traceback_and_the_first_is_remembered(worker):
    result = tasks.fail_each_differently.delay(uuid.uuid4().hex)

    letter = letter_of(result.id)
    assert (letter.cause, letter.attempts) == ("exhausted", 13)
    assert [each["attempt"] for each in letter.tries] == list(range(4, 14))
    for each in letter.tries:
        assert f"ValueError: attempt {each['attempt']}\n" in each["traceback"]
        assert each["msg"].startswith(f"attempt {each['attempt']}\n")
    assert letter.first_at.timestamp() * 1000 < letter.tries[0]["started"]


def test_redis_keeps_a_traceback_once_where_attempts_fail_alike(worker):
    result = tasks.try_until.delay(uuid.uuid4().hex)
    eventually(lambda: len(attempts.attempts_of(result.id)[0]) >= 3)

    fields = client().hkeys(f"actors:live:{result.id}")
    result.revoke()

    assert b"traceback" in fields
    assert len([name for name in fields if name.startswith(b"traceback:")]) <= 1


def test_a_declared_exception_is_permanent(worker):
    result = tasks.refuse.delay()

    assert letter_of(result.id).cause == "permanent"


def test_what_no_worker_came_to_in_time_is_a_dead_letter_and_stays_expired(worker):
    sent = add._build((1, 2), None, expires=0.001)
    time.sleep(0.002)

    dramatiq.get_broker().enqueue(sent)

    letter = letter_of(sent.message_id)
    assert (letter.cause, letter.attempts, letter.tries) == ("expired", 0, [])
    assert "no worker came to it before it expired at" in letter.error
    assert eventually(lambda: AsyncResult(sent.message_id).state == "expired")


def test_a_message_over_its_age_limit_is_expired_too(worker):
    result = tasks.only_when_young.apply_async(countdown=0.05)

    assert letter_of(result.id).cause == "expired"


def test_a_message_of_an_actor_that_is_gone_is_kept(worker):
    message_id = str(uuid.uuid4())

    put(message_id, foreign(message_id, actor_name="gone"))

    letter = letter_of(message_id)
    assert (letter.cause, letter.actor_name, letter.arguments) == ("unknown actor", "gone", "1, 2")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe not a message \x00",
        b'{"half":',
        b'{"args":[],"kwargs":{}}',
        FIELDS % b'"add","options":[]',
        FIELDS % b'7,"options":{}',
    ],
)
def test_bytes_that_are_no_message_are_kept_as_they_are(worker, data):
    held_id = uuid.uuid4().hex

    put(held_id, data)

    letter = letter_of(held_id)
    assert (letter.cause, letter.error_type) == ("undecodable", "DecodeError")
    assert bytes(letter.payload) == data
    assert letter.arguments[:6] in data.decode(errors="replace").replace("\0", "\\0")
    eventually(lambda: not client().hexists("dramatiq:default.msgs", held_id))


@pytest.mark.parametrize("message_id", ["x", "naïve id, with words", "y" * 300])
def test_any_id_will_do(worker, message_id):
    put(message_id, foreign(message_id, actor_name="break_plate", args=("Agfa",)))

    letter = letter_of(burial.key_of(message_id))
    assert letter.error_type == "PlateBroken"
    assert Message.decode(bytes(letter.payload)).message_id == message_id


def test_a_message_that_names_another_queue_than_it_lies_on_runs_all_the_same(worker):
    message_id = str(uuid.uuid4())

    put(message_id, foreign(message_id, queue_name="nobody's"))

    assert AsyncResult(message_id).get(timeout=5) == 3


def test_a_listener_that_fails_does_not_lose_the_row(transactional_db, valkey, heard):
    heard(lambda message, **_: message.nothing)

    burial.bury(failed(add._build((1, 2), None)), dramatiq.get_broker())

    assert DeadLetter.objects.get().error == "cold"


def test_without_redis_the_row_says_what_the_message_itself_knows(db, settings):
    settings.ACTORS_REDIS_URL = "redis://127.0.0.1:1/0"
    message = add._build((1, 2), None).copy(options={"retries": 2, "traceback": "the one before"})

    burial.bury(failed(message), dramatiq.get_broker())

    letter = DeadLetter.objects.get()
    assert letter.attempts == 3
    assert [each.get("traceback", "")[:14] for each in letter.tries] == [
        "the one before",
        "ValueError: co",
    ]


def test_arguments_and_names_are_cut_to_what_the_row_holds(db, valkey):
    message = dataclasses.replace(
        add._build(("x" * 1000, "\0"), None), actor_name="long" * 100, queue_name="q\0"
    )

    burial.bury(failed(message), dramatiq.get_broker())

    letter = DeadLetter.objects.get()
    assert (len(letter.actor_name), len(letter.arguments)) == (255, 500)
    assert letter.queue_name == "q\\0"


def failed(message: Message) -> Delivery:
    """A message in a worker's hands that has just failed."""
    delivery = Delivery(message, message.message_id, "default", "1")
    delivery.started_ms = int(time.time() * 1000)
    delivery.fail()
    delivery.stuff_exception(ValueError("cold"))
    return delivery
