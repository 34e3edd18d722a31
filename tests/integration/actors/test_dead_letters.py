"""What failed for good: kept with its traceback, listed, and sent again by `manage.py retry`."""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from actors.arithmetic import add
from actors.models import DeadLetter
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
            failed_at=timezone.now() - age,
        )
        for name, (message, error_type, age) in rows.items()
    }


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
        (["--actor", "add", "--limit", "1"], {"old"}),
        (["--all"], {"young", "old", "other"}),
        (["--actor", "nobody"], set()),
    ],
)
def test_filters_choose_and_what_is_chosen_is_sent_again(letters, arguments, chosen):
    retry(*arguments)

    requeued = DeadLetter.objects.filter(state=DeadLetter.State.REQUEUED)
    assert {row.error for row in requeued} == {f"the {name} one" for name in chosen}


def test_one_can_be_chosen_by_its_id(letters):
    out = retry("--id", str(letters["old"].pk))

    assert f"[1/1] {letters['old'].pk} add: sent" in out
    assert "Done: 1 sent again, 0 failed, 0 skipped." in out


def test_a_dry_run_sends_nothing(letters, queue_length):
    out = retry("--all", "--dry-run")

    assert "Dry run: 3 would be sent again, nothing was." in out
    assert DeadLetter.objects.filter(state=DeadLetter.State.DEAD).count() == 3
    assert queue_length("default") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--since", "yesterday"], "is no age; expected a number and s, m, h or d"),
        (["--id", "7"], "is no message id; expected a UUID"),
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

    from actors import AsyncResult

    assert AsyncResult(message.message_id).get() == 9


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

    again = DeadLetter.objects.filter(pk=uuid.UUID(result.id), state=DeadLetter.State.DEAD)
    eventually(again.exists)
