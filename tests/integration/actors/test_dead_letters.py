"""What failed for good: kept with its traceback, listed, and sent again by `manage.py retry`."""

from __future__ import annotations

import dataclasses
import re
import signal
import time
from datetime import timedelta
from io import StringIO

import dramatiq
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from actors import AsyncResult, burial, retention
from actors.arithmetic import add
from actors.management.letters import Progress
from actors.models import DeadLetter, DeadLetterAction, OutboxMessage
from actors.signals import requeued
from tests.tutorial import tasks
from tests.waiting import eventually


def retry(*arguments: str) -> str:
    out = StringIO()
    call_command("retry", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def letters(valkey, transactional_db) -> dict[str, DeadLetter]:
    """Three that failed: two of `add`, an hour and a day ago, and one of `note`."""
    rows = {
        "young": (add._build((1, 2), None), "ValueError", timedelta(hours=1)),
        "old": (add._build((3, 4), None), "OSError", timedelta(days=1)),
        "other": (tasks.note._build(("x",), None, queue="mail"), "ValueError", timedelta(0)),
    }
    return {
        name: DeadLetter.objects.create(
            id=message.message_id,
            actor_name=message.actor_name,
            queue_name=message.queue_name,
            payload=message.encode(),
            error_type=error_type,
            error=f"the {name} one",
            cause="permanent" if name == "other" else "exhausted",
            failed_at=timezone.now() - age,
        )
        for name, (message, error_type, age) in rows.items()
    }


@pytest.fixture
def listen():
    """Has a function hear of each requeue."""

    def hear(listener):
        requeued.connect(listener, weak=False)
        hear.last = listener

    yield hear
    requeued.disconnect(hear.last)


def test_a_message_that_fails_for_good_is_kept_with_its_traceback(worker):
    result = tasks.break_plate.delay("Kodak")

    letter = eventually(DeadLetter.objects.filter(pk=result.id).first)
    assert (letter.actor_name, letter.queue_name) == ("break_plate", "default")
    assert (letter.error_type, letter.error) == ("PlateBroken", "Kodak broke: cold")
    assert "raise PlateBroken" in letter.traceback
    assert letter.attempts == 1


def test_without_a_filter_it_lists_and_asks_for_one(letters):
    out = StringIO()

    with pytest.raises(CommandError, match="Say what to send again: --actor") as refused:
        call_command("retry", stdout=out)

    assert refused.value.returncode == 2
    assert "3 failed in all." in out.getvalue()
    assert "OSError: the old one" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["--actor", "add"], {"young", "old"}),
        (["--queue", "mail"], {"other"}),
        (["--since", "2h"], {"young", "other"}),
        (["--error", "oserr"], {"old"}),
        (["--error", "the YOUNG"], {"young"}),
        (["--until", "2h"], {"old"}),
        (["--since", "2d", "--until", "30m"], {"young", "old"}),
        (["--cause", "permanent"], {"other"}),
        (["--actor", "ad*"], {"young", "old"}),
        (["--actor", "add", "--error", "young"], {"young"}),
        (["--actor", "add", "--limit", "1"], {"old"}),
        (["--all"], {"young", "old", "other"}),
        (["--actor", "nobody"], set()),
    ],
)
def test_filters_choose_and_what_is_chosen_is_sent_again(letters, arguments, chosen):
    retry(*arguments)

    again = DeadLetter.objects.filter(state=DeadLetter.State.REQUEUED)
    assert {row.error for row in again} == {f"the {name} one" for name in chosen}


def test_one_can_be_chosen_by_its_id(letters):
    out = retry("--id", letters["old"].pk)

    assert "Done: 1 sent again, 0 failed, 0 skipped." in out


def test_a_dry_run_sends_nothing(letters, queue_length):
    out = retry("--all", "--dry-run")

    assert "Dry run: 3 would be sent again, nothing was." in out
    assert DeadLetter.objects.filter(state=DeadLetter.State.DEAD).count() == 3
    assert queue_length("default") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--since", "yesterday"], "is no time; expected a number and s, m, h or d"),
        (["--cause", "bad luck"], "invalid choice: 'bad luck'"),
        (["--limit", "0"], "is no limit; expected a whole number above 0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(letters, arguments, words):
    with pytest.raises(CommandError, match=words):
        retry("--all", *arguments)


def test_one_that_cannot_be_sent_does_not_stop_the_others(letters):
    DeadLetter.objects.filter(pk=letters["old"].pk).update(payload=b"not a message")
    out = StringIO()

    with pytest.raises(CommandError, match="1 could not be sent"):
        call_command("retry", "--all", stdout=out)

    assert "Done: 2 sent again, 1 failed, 0 skipped." in out.getvalue()


def test_a_requeued_message_runs_afresh_under_its_own_id(worker):
    message = add._build((4, 5), None)
    options = {"retries": 20, "traceback": "old", "requeue_timestamp": 1, "eta": 1}
    DeadLetter.objects.create(
        id=message.message_id,
        actor_name="add",
        queue_name="default",
        payload=message.copy(options=options).encode(),
        error_type="ValueError",
    )

    retry("--all")

    assert AsyncResult(message.message_id).get() == 9


def test_what_a_batch_cannot_do_together_it_does_one_by_one(letters, listen, queue_length):
    def refuse_one(message, **_):
        if message.message_id == letters["old"].pk:
            raise LookupError("nobody knows it")

    listen(refuse_one)
    out = StringIO()

    with pytest.raises(CommandError, match="1 could not be sent"):
        call_command("retry", "--all", stdout=out)

    assert f"{letters['old'].pk} not sent: LookupError: nobody knows it" in out.getvalue()
    assert (queue_length("default"), queue_length("mail")) == (1, 1)
    assert DeadLetter.objects.get(state="dead").pk == letters["old"].pk
    assert DeadLetterAction.objects.get().count == 2


def test_listeners_of_a_requeue_are_inside_its_transaction(letters, listen):
    listen(
        lambda message, **_: DeadLetter.objects.filter(pk=message.message_id).update(error="heard")
    )

    retry("--id", letters["old"].pk, letters["other"].pk)

    assert DeadLetter.objects.filter(error="heard").count() == 2


def test_bytes_that_are_no_message_are_not_sent_and_the_reason_is_told(letters):
    DeadLetter.objects.filter(pk=letters["old"].pk).update(cause="undecodable", payload=b"\xff")
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("retry", "--id", letters["old"].pk, stdout=out)

    assert "expected a message, its bytes are none, so it can't be sent again" in out.getvalue()


def test_an_expired_message_that_is_requeued_runs(worker):
    message = add._build((4, 5), None, expires=0.001)
    time.sleep(0.002)
    dramatiq.get_broker().enqueue(message)
    eventually(DeadLetter.objects.filter(pk=message.message_id, cause="expired").exists)

    retry("--id", message.message_id)

    assert eventually(lambda: AsyncResult(message.message_id).state == "succeeded")


@pytest.mark.parametrize("message_id", ["x", "y" * 250])
def test_a_message_of_any_id_can_be_sent_again(valkey, transactional_db, queue_length, message_id):
    message = dataclasses.replace(add._build((1, 2), None), message_id=message_id)
    DeadLetter.objects.create(
        id=burial.key_of(message_id),
        actor_name="add",
        queue_name="default",
        payload=message.encode(),
        error_type="ValueError",
    )

    assert "Done: 1 sent again" in retry("--all")

    assert queue_length("default") == 1


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("[20, 3]", "20, 3"),
        ('{"args": [20], "kwargs": {"y": 3}}', "20, y=3"),
        ('{"kwargs": {"x": 20, "y": 3}}', "x=20, y=3"),
    ],
)
def test_one_can_be_sent_with_other_arguments(letters, worker, text, arguments):
    out = retry("--id", letters["old"].pk, "--edit-args", text)

    assert AsyncResult(letters["old"].pk).get() == 23
    assert f"add({arguments.replace('=', '=')}): sent again." in out
    action = DeadLetterAction.objects.get()
    assert (action.action, action.count) == ("edit and requeue", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--actor", "add", "--edit-args", "[1, 2]"],
            "is for exactly one dead letter; there are more",
        ),
        (["--actor", "nobody", "--edit-args", "[1, 2]"], "none matches"),
        (["--queue", "mail", "--edit-args", "{1"], "is no JSON"),
        (["--queue", "mail", "--edit-args", '{"x": 1}'], 'or an object {"args"'),
        (["--queue", "mail", "--edit-args", '{"args": 1}'], "is something else"),
        (["--queue", "mail", "--edit-args", "[1, 2]"], "does not take them: too many positional"),
    ],
)
def test_other_arguments_that_make_no_sense_are_refused(letters, arguments, words):
    with pytest.raises(CommandError, match=words):
        retry(*arguments)

    assert not DeadLetter.objects.exclude(state="dead").exists()


def test_what_died_during_a_run_is_left_to_the_next(letters, listen):
    def die_again(message, **_):
        later = timezone.now() + timedelta(seconds=1)
        transaction.on_commit(
            lambda: DeadLetter.objects.filter(pk=message.message_id).update(
                state="dead", failed_at=later
            )
        )

    listen(die_again)

    assert "Done: 3 sent again" in retry("--all")


def test_it_stops_between_two_batches_and_another_run_goes_on(letters, listen, monkeypatch):
    monkeypatch.setattr("actors.dead_letters.requeueing.MOST_AT_ONCE", 1)
    listen(lambda **_: signal.raise_signal(signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(CommandError, match="Stopped: 1 sent again, 0 failed") as stopped:
        call_command("retry", "--all", stdout=StringIO())
    requeued.disconnect(listen.last)

    assert stopped.value.returncode == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert "Done: 2 sent again" in retry("--all")


def test_progress_is_a_line_once_in_a_while(letters, monkeypatch):
    monkeypatch.setattr("actors.dead_letters.requeueing.MOST_AT_ONCE", 1)
    monkeypatch.setitem(Progress.EVERY_S, False, 0.0)

    told = retry("--all").splitlines()

    assert [line.split(",")[0] for line in told[:3]] == [f"{n} of 3 done" for n in (1, 2, 3)]


def test_on_a_terminal_progress_rewrites_its_line(letters, monkeypatch):
    monkeypatch.setattr("actors.dead_letters.requeueing.MOST_AT_ONCE", 1)
    monkeypatch.setitem(Progress.EVERY_S, True, 0.0)
    out = StringIO()
    out.isatty = lambda: True

    call_command("retry", "--all", stdout=out, no_color=True)

    assert "\r3 of 3 done" in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_without_redis_they_wait_in_the_outbox_and_the_account_says_so(letters, settings):
    settings.ACTORS_REDIS_URL = "redis://127.0.0.1:1/0"

    out = retry("--all")

    assert "Done: 3 sent again, 0 failed, 0 skipped. 3 of them wait in the outbox" in out
    assert OutboxMessage.objects.count() == 3


def test_each_run_is_written_down(letters):
    retry("--actor", "add")

    action = DeadLetterAction.objects.get()
    assert (action.action, action.count, action.selection) == ("requeue", 2, "actor add")
    assert action.letter_ids == [letters["old"].pk, letters["young"].pk]
    assert action.who.endswith(" (command)")


def test_stale_work_is_left_to_the_sweep_and_told(valkey, transactional_db):
    out = retry("--stale")

    assert re.search(
        r"^images: 0 looked at, 0 without a message, 0 sent again\.", out, re.MULTILINE
    )
    with pytest.raises(CommandError, match="--stale takes no filter"):
        retry("--stale", "--all")


def test_discarding_asks_first(letters, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "yes")

    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("discard", "--all", stdout=StringIO())
    monkeypatch.setattr("builtins.input", lambda _: "2")
    out = StringIO()
    call_command("discard", "--actor", "add", stdout=out)

    assert "This deletes 2 dead letters for good (actor add)." in out.getvalue()
    assert DeadLetter.objects.get().pk == letters["other"].pk
    assert DeadLetterAction.objects.get().action == "discard"


def test_discarding_leaves_what_was_sent_again(letters):
    retry("--id", letters["old"].pk)

    call_command("discard", "--all", "--yes", stdout=StringIO())

    assert DeadLetter.objects.get().pk == letters["old"].pk


@pytest.mark.parametrize(
    ("days", "most", "left"),
    [
        (90, 1_000_000, {"young", "old", "other"}),
        (0.5, 0, {"young", "other"}),
        (0, 2, {"young", "other"}),
        (0, 1, {"other"}),
        (0, 0, {"young", "old", "other"}),
    ],
)
def test_what_is_old_or_too_much_goes_in_small_steps(letters, settings, days, most, left):
    settings.ACTORS_DEAD_LETTER_DAYS, settings.ACTORS_MOST_DEAD_LETTERS = days, most

    while retention.prune(1):
        pass

    assert {letter.error for letter in DeadLetter.objects.all()} == {f"the {n} one" for n in left}


def test_of_too_many_those_go_first_that_were_sent_again(letters, settings):
    settings.ACTORS_MOST_DEAD_LETTERS = 2
    DeadLetter.objects.filter(pk=letters["other"].pk).update(state="requeued")

    retention.prune()

    assert not DeadLetter.objects.filter(pk=letters["other"].pk).exists()


def test_two_who_requeue_the_same_send_it_once(letters, queue_length):
    from actors import dead_letters

    stored = dead_letters.requeue(letters["young"])
    assert stored is not None
    assert stored.is_sent
    assert dead_letters.requeue(letters["young"]) is None

    assert queue_length("default") == 1


def test_a_letter_that_died_again_is_dead_again(worker):
    result = tasks.break_plate.delay("Foma")
    eventually(DeadLetter.objects.filter(pk=result.id).exists)

    retry("--id", result.id)

    again = DeadLetter.objects.filter(pk=result.id, state=DeadLetter.State.DEAD)
    eventually(again.exists)


def test_what_was_sent_through_the_outbox_runs_again_when_it_is_requeued(worker):
    result = tasks.break_plate.delay_on_commit("Orwo")
    first = eventually(DeadLetter.objects.filter(pk=result.id).first)

    retry("--id", result.id)

    again = DeadLetter.objects.filter(pk=result.id, state="dead", failed_at__gt=first.failed_at)
    eventually(again.exists)
