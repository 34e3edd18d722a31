"""`manage.py outbox`: what waits, and sending it now."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from actors import outbox
from actors.arithmetic import add
from actors.management.commands import outbox as command
from actors.models import OutboxMessage


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("outbox", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def left(valkey, transactional_db, no_other_relay, monkeypatch):
    """Leaves two messages of `default`, the first 90 s old, and one of `mail`."""
    with monkeypatch.context() as during, transaction.atomic():
        during.setattr(outbox.StoredMessages, "send", lambda stored: None)
        messages = [*add.delay_many([(1, 2), (3, 4)]), add.apply_async((5, 6), queue="mail")]
    old = timezone.now() - timedelta(seconds=90)
    OutboxMessage.objects.filter(pk=messages[0].id).update(created_at=old)
    return messages


def test_an_empty_outbox_says_so(db):
    assert run() == "No message waits.\n"


def test_it_shows_what_waits_by_queue_and_actor(left):
    said = run()

    assert said.startswith("3 messages to be sent, the oldest for 0:01:3")
    assert "2  default  add  (oldest 0:01:3" in said
    assert "1  mail  add  (oldest 0:00:0" in said


def test_it_shows_what_a_relay_has_claimed(left):
    until = timezone.now() + timedelta(seconds=8)
    OutboxMessage.objects.filter(pk=left[0].id).update(claimed_until=until)

    assert "A relay is sending 1; others may in 8 s." in run()


def test_it_shows_what_can_not_be_sent_and_why(left):
    OutboxMessage.objects.filter(pk=left[0].id).update(problem="It can't be decoded")

    said = run()

    assert "2 messages to be sent" in said
    assert "1 message put aside, which can't be sent:" in said
    assert f"add {left[0].id}: It can't be decoded" in said


def test_flush_sends_all_of_it_and_tells_how_far_it_is(left, monkeypatch, queue_length):
    monkeypatch.setattr(command, "STEP", 2)

    said = run("--flush")

    assert said.splitlines() == [
        "Sending 3 messages.",
        "2 sent, 1 left.",
        "3 sent, 0 left.",
        "Done: 3 sent. Nothing waits.",
    ]
    assert (queue_length("default"), queue_length("mail")) == (2, 1)


def test_flush_tries_again_what_was_put_aside(left, queue_length):
    OutboxMessage.objects.update(problem="It was refused by what is mended now")

    run("--flush")

    assert not OutboxMessage.objects.exists()


def test_flush_ends_with_1_where_something_can_not_be_sent(left, queue_length):
    OutboxMessage.objects.filter(pk=left[0].id).update(payload=b"{")

    with pytest.raises(CommandError, match=r"2 sent, 1 message can't be\.") as ended:
        run("--flush")

    assert ended.value.returncode == 1
    assert (queue_length("default"), queue_length("mail")) == (1, 1)


def test_flush_without_redis_says_what_to_do_and_keeps_all(left, valkey_server):
    valkey_server.stop()
    try:
        with pytest.raises(CommandError, match=r"make run.* 3 messages stay") as ended:
            run("--flush")
    finally:
        valkey_server.start()

    assert ended.value.returncode == 1
    assert OutboxMessage.objects.filter(claimed_until=None).count() == 3


def test_flush_can_be_stopped_and_goes_on_next_time(left, monkeypatch, queue_length):
    monkeypatch.setattr(command, "STEP", 1)
    relay, calls = outbox.relay, []

    def relay_until_stopped(**options):
        if calls:
            raise KeyboardInterrupt
        calls.append(options)
        return relay(**options)

    with monkeypatch.context() as during:
        during.setattr(outbox, "relay", relay_until_stopped)
        with pytest.raises(CommandError, match="Stopped: 1 sent here, 2 left") as ended:
            run("--flush")

    assert ended.value.returncode == 130
    assert run("--flush").endswith("Done: 2 sent. Nothing waits.\n")


def test_only_what_was_put_aside_can_be_dropped(left):
    OutboxMessage.objects.filter(pk=left[0].id).update(problem="It can't be decoded")

    said = run("--drop", left[0].id)
    with pytest.raises(CommandError, match=f"No message {left[1].id} was put aside") as refused:
        run("--drop", left[1].id)

    assert said == f"Dropped: {left[0].id} will never be sent.\n"
    assert refused.value.returncode == 1
    assert set(OutboxMessage.objects.values_list("message_id", flat=True)) == {
        left[1].id,
        left[2].id,
    }
