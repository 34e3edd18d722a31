"""The outbox's relay: sends what was left, in order, one at a time, past what can't be sent."""

from __future__ import annotations

from datetime import timedelta

import dramatiq
import pytest
from django.db import transaction
from django.utils import timezone
from dramatiq.middleware import Middleware, MiddlewareError

from actors import BrokerUnavailable, outbox
from actors.arithmetic import add
from actors.connection import client
from actors.models import OutboxMessage
from actors.outbox import relaying
from tests.waiting import eventually

SECOND = timedelta(seconds=1)


def test_the_worker_relays_what_was_left(worker):
    row = add._build((20, 3), None)
    OutboxMessage.objects.create(
        id=row.message_id,
        message_id=row.message_id,
        actor_name=row.actor_name,
        queue_name=row.queue_name,
        payload=row.encode(),
        created_at=timezone.now() - timedelta(seconds=6),
    )

    eventually(lambda: not OutboxMessage.objects.exists())


def test_a_row_that_another_relay_claims_is_left_to_it(
    valkey, transactional_db, no_other_relay, queue_length
):
    stored = add._build((1, 2), None)
    OutboxMessage.objects.create(
        id=stored.message_id,
        message_id=stored.message_id,
        actor_name="add",
        queue_name="default",
        payload=stored.encode(),
        created_at=timezone.now() - timedelta(seconds=60),
        claimed_until=timezone.now() + timedelta(seconds=10),
    )

    assert outbox.relay() == 0
    assert queue_length("default") == 0


@pytest.fixture
def left(valkey, transactional_db, no_other_relay, monkeypatch):
    """Leaves messages for the relay: two of `default`, then one of `mail`."""
    monkeypatch.setattr(relaying, "GRACE", timedelta(0))
    with monkeypatch.context() as during, transaction.atomic():
        during.setattr(outbox.StoredMessages, "send", lambda stored: None)
        default = add.delay_many_on_commit([(1, 2), (3, 4)])
        mail = add.apply_async((5, 6), queue="mail")
    return [*default, mail]


def test_what_redis_refuses_holds_up_no_other_queue(left, queue_length):
    client().set("unattended:default", "no list")

    with pytest.raises(BrokerUnavailable, match="Redis refused"):
        outbox.relay()
    assert queue_length("mail") == 1
    assert OutboxMessage.objects.filter(claimed_until=None).count() == 2

    client().delete("unattended:default")
    assert outbox.relay() == 2
    assert queue_length("default") == 2


def test_without_a_memory_of_what_was_sent_nothing_is(left, queue_length):
    client().set("unattended:__sent__", "no sorted set")

    with pytest.raises(BrokerUnavailable, match="Redis refused"):
        outbox.relay()
    assert (queue_length("default"), queue_length("mail")) == (0, 0)

    client().delete("unattended:__sent__")
    assert outbox.relay() == 3
    assert (queue_length("default"), queue_length("mail")) == (2, 1)


def test_a_row_that_can_not_be_read_holds_up_no_other(left, queue_length, caplog):
    OutboxMessage.objects.filter(pk=left[0].id).update(payload=b"{")

    outbox.relay()

    assert (queue_length("default"), queue_length("mail")) == (1, 1)
    assert str(OutboxMessage.objects.get().pk) == left[0].id
    assert f"add {left[0].id} can't be decoded" in caplog.text
    caplog.clear()
    assert outbox.relay() == 0, "it is put aside"
    assert caplog.text == ""


@pytest.mark.parametrize("payload", [b"{}", b"[]", b'{"queue_name": 3}', b"\xff\xfe"])
def test_a_row_that_is_no_message_holds_up_no_other(left, queue_length, payload):
    OutboxMessage.objects.filter(pk=left[0].id).update(payload=payload)

    outbox.relay()

    assert (queue_length("default"), queue_length("mail")) == (1, 1)
    assert "can't be decoded" in OutboxMessage.objects.get().problem


def test_a_message_that_a_middleware_refuses_holds_up_no_other(left, queue_length, monkeypatch):
    class Refuses(Middleware):
        sends_from_loop = True

        def before_enqueue(self, broker, message, delay):
            if message.message_id == left[0].id:
                raise MiddlewareError("not this one")

    broker = dramatiq.get_broker()
    monkeypatch.setattr(broker, "middleware", [*broker.middleware, Refuses()])

    assert outbox.relay() == 2

    assert (queue_length("default"), queue_length("mail")) == (1, 1)
    assert OutboxMessage.objects.get().problem == "MiddlewareError: not this one"
    assert outbox.relay() == 0


def test_the_oldest_leave_first(left):
    first, second = OutboxMessage.objects.filter(queue_name="default").order_by("-created_at")
    OutboxMessage.objects.filter(pk=first.pk).update(created_at=second.created_at - SECOND)

    assert outbox.relay(limit=1) == 1
    assert outbox.relay() == 2

    queued = [each.decode() for each in client().lrange("unattended:default", 0, -1)]
    assert queued == [first.message_id, second.message_id]


def test_while_one_relay_is_at_it_no_other_sends(left, monkeypatch, queue_length):
    send, others = relaying._send_claimed, []

    def send_while_another_looks(rows):
        others.append(outbox.relay())
        return send(rows)

    monkeypatch.setattr(relaying, "_send_claimed", send_while_another_looks)

    assert outbox.relay(limit=1) == 1
    assert others == [0]


def test_of_relays_that_saw_the_same_row_one_claims_it(left, monkeypatch):
    atomic, others = transaction.atomic, []

    def after_another():
        if not others:
            others.append([])
            others[0] = relaying._claim(10, timedelta(0))
        return atomic()

    with monkeypatch.context() as during:
        during.setattr(transaction, "atomic", after_another)
        mine = relaying._claim(10, timedelta(0))

    assert (len(others[0]), len(mine)) == (3, 0)


def test_what_a_relay_that_died_has_claimed_goes_to_another(left, monkeypatch):
    relaying._claim(10, timedelta(0))
    assert outbox.relay() == 0

    OutboxMessage.objects.update(claimed_until=timezone.now() - SECOND)
    assert outbox.relay() == 3


def test_a_relay_may_be_as_soon_as_a_sender_whose_transaction_was_long(
    valkey, transactional_db, no_other_relay, monkeypatch, queue_length
):
    send = outbox.StoredMessages.send

    def send_after_the_relay(stored):
        assert outbox.relay() == 1
        client().delete("unattended:default", "unattended:default.msgs")
        send(stored)

    monkeypatch.setattr(outbox.StoredMessages, "send", send_after_the_relay)
    with transaction.atomic():
        add.delay(1, 2)
        OutboxMessage.objects.update(created_at=timezone.now() - timedelta(seconds=6))

    assert queue_length("default") == 0, "it had run, and ran once"
    assert not OutboxMessage.objects.exists()
