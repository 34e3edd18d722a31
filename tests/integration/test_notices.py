"""One mail, and a mail server that does all it can to make it two or none."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.core import mail as django_mail
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from actors import emailing
from actors.testing.fixtures import stub_broker
from media_app import mailing, notices
from media_app.exceptions import MailGivenUp, MailRefused, MailWaits
from media_app.models import Notice, User
from tests.integration.mail_fixtures import mailers_of, smtp
from tests.ports import free_port
from tests.rude_smtp import DROP, HANG, RudeServer
from tests.waiting import eventually
from tests.workers import ROOT

__all__ = ["smtp", "stub_broker"]

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL = "ansel@example.org"
WELCOME, RESET = Notice.Kind.WELCOME, Notice.Kind.PASSWORD_RESET


@pytest.fixture
def ansel(stub_broker) -> User:
    return User.objects.create_user(EMAIL, "moonrise over hernandez")


@pytest.fixture
def welcome(ansel: User) -> Notice:
    return ansel.notices.get()


@pytest.fixture
def reset(ansel: User) -> Notice:
    return notices.queue(RESET, ansel)


def now(notice: Notice) -> Notice:
    return Notice.objects.get(pk=notice.pk)


def send(notice: Notice) -> str:
    """Try once; return how it ended, in one word."""
    try:
        return "sent" if notices.send(notice.pk) else "not"
    except MailWaits:
        return "waits"
    except MailRefused:
        return "refused"
    except MailGivenUp:
        return "given up"


def claim_has_run_out() -> None:
    Notice.objects.update(claimed_at=timezone.now() - timedelta(hours=1))


def test_a_mail_is_sent_with_the_message_id_fixed_before(smtp: RudeServer, welcome: Notice):
    assert send(welcome) == "sent"

    [mail] = smtp.sent_to(EMAIL)
    assert mail["Message-ID"] == welcome.message_id
    assert now(welcome).state == "sent"
    assert now(welcome).sent_at is not None


def test_a_notice_is_sent_once_however_often_its_message_comes(smtp: RudeServer, welcome: Notice):
    outcomes = [send(welcome) for _ in range(3)]

    assert outcomes == ["sent", "not", "not"]
    assert len(smtp.received) == 1


def test_a_mail_that_left_is_noted_as_soon_as_the_database_is_back(
    smtp: RudeServer, welcome: Notice, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notices, "NOTE_PAUSE_S", 0.01)
    failures = iter(range(3))

    def away(execute: Any, *arguments: Any) -> Any:
        if smtp.received and next(failures, None) is not None:
            raise OperationalError("the database is away")
        return execute(*arguments)

    with connection.execute_wrapper(away):
        outcome = send(welcome)

    assert outcome == "sent"
    assert list(failures) == []
    assert (now(welcome).state, now(welcome).attempts) == ("sent", 1)
    assert len(smtp.received) == 1


@pytest.mark.parametrize("kind", [WELCOME, RESET])
@pytest.mark.parametrize(
    ("step", "action"),
    [
        ("connect", "421 Too busy"),
        ("connect", "554 Nobody gets in"),
        ("connect", DROP),
        ("mail", "421 Too busy"),
        ("mail", DROP),
        ("rcpt", "450 Mailbox busy"),
        ("rcpt", DROP),
        ("data", "451 Not now"),
        ("data", DROP),
        ("end", "451 Not now"),
        ("end", "421 Going down"),
    ],
)
def test_what_was_surely_not_sent_is_tried_again(
    smtp: RudeServer, ansel: User, step: str, action: str, kind: Notice.Kind
):
    notice = notices.queue(kind, ansel) or ansel.notices.get()
    smtp.on(step, action)

    first = send(notice)
    queued = now(notice)
    second = send(notice)

    assert (first, second) == ("waits", "sent")
    assert (queued.state, queued.attempts) == ("queued", 1)
    assert "The mail server did not take the mail now" in queued.reason
    assert len(smtp.received) == 1


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "end"])
def test_what_the_server_refuses_for_good_fails_with_its_words(
    smtp: RudeServer, welcome: Notice, step: str
):
    smtp.on(step, "550 No such mailbox")

    outcomes = [send(welcome), send(welcome)]

    assert outcomes == ["refused", "not"]
    assert now(welcome).state == "failed"
    assert "550 No such mailbox" in now(welcome).reason
    assert smtp.received == []


@pytest.mark.parametrize("action", [DROP, HANG, "nonsense"])
def test_a_welcome_without_an_answer_to_its_end_is_unknown_and_never_sent_twice(
    smtp: RudeServer, settings: Any, welcome: Notice, action: str
):
    settings.MAILERS = mailers_of(smtp.port, timeout_s=0.3)
    smtp.on("end", action)

    outcomes = [send(welcome), send(welcome)]

    assert outcomes == ["not", "not"]
    assert now(welcome).state == "unknown"
    assert "answer never came" in now(welcome).reason
    assert len(smtp.received) == 1


@pytest.mark.parametrize("action", [DROP, HANG])
def test_a_reset_without_an_answer_to_its_end_is_sent_again_as_the_same_mail(
    smtp: RudeServer, settings: Any, reset: Notice, action: str
):
    settings.MAILERS = mailers_of(smtp.port, timeout_s=0.3)
    smtp.on("end", action)

    outcomes = [send(reset), send(reset)]

    assert outcomes == ["waits", "sent"]
    assert [mail["Message-ID"] for mail in smtp.sent_to(EMAIL)] == [reset.message_id] * 2


@pytest.mark.parametrize("step", ["connect", "mail", "rcpt", "data"])
def test_a_server_that_hangs_costs_its_timeout_and_is_tried_again(
    smtp: RudeServer, settings: Any, welcome: Notice, step: str
):
    settings.MAILERS = mailers_of(smtp.port, timeout_s=0.3)
    smtp.on(step, HANG)

    outcomes = [send(welcome), send(welcome)]

    assert outcomes == ["waits", "sent"]
    assert len(smtp.received) == 1


def test_a_server_that_is_away_is_tried_again(settings: Any, welcome: Notice):
    settings.MAILERS = mailers_of(free_port())

    outcome = send(welcome)

    assert outcome == "waits"
    assert "connecting to 127.0.0.1:" in now(welcome).reason


def test_tries_are_spread_over_a_day_and_then_given_up(settings: Any, welcome: Notice):
    settings.MAILERS = mailers_of(free_port())

    pauses = []
    for _ in notices.PAUSES_S:
        with pytest.raises(MailWaits) as waits:
            notices.send(welcome.pk)
        pauses.append(waits.value.retry_in_s)
    last = send(welcome)

    for pause_s, least_s in zip(pauses, (60, 300, 1_800, 7_200, 21_600, 86_400), strict=True):
        assert least_s <= pause_s <= least_s * (1 + notices.JITTER)
    assert last == "given up"
    assert (now(welcome).state, now(welcome).attempts) == ("failed", 7)
    assert "connecting to" in now(welcome).reason


def test_the_message_of_a_mail_that_waits_comes_again_when_it_is_due(
    settings: Any, welcome: Notice, stub_broker
):
    settings.MAILERS = mailers_of(free_port())

    with pytest.raises(emailing.Retry) as retry:
        emailing.send_welcome_email(welcome.pk)

    assert 60_000 <= retry.value.delay <= 72_000
    assert emailing.is_tried_again(1_000, retry.value)
    assert not emailing.is_tried_again(0, MailGivenUp(notice_id=1, tries=7, why="x"))


@pytest.mark.parametrize("state", Notice.State.values)
def test_only_what_failed_begins_anew_when_its_message_is_requeued(welcome: Notice, state: str):
    Notice.objects.update(state=state, reason="before", attempts=3)

    begun = notices.begin_anew(welcome.pk)

    after = now(welcome)
    assert begun == (state == "failed")
    assert (after.state, after.attempts) == (("queued", 0) if begun else (state, 3))


def test_nobody_who_is_gone_or_closed_is_written_to(smtp: RudeServer, ansel: User):
    welcome, reset = ansel.notices.get(), notices.queue(RESET, ansel)
    User.objects.update(is_active=False)

    outcomes = [send(welcome), send(reset)]
    ansel.delete()

    assert outcomes == ["not", "not"]
    assert send(welcome) == "not"
    assert smtp.received == []


def test_a_notice_that_is_skipped_says_why(smtp: RudeServer, welcome: Notice):
    User.objects.update(is_active=False)

    send(welcome)

    assert (now(welcome).state, now(welcome).reason) == ("skipped", "The account is closed.")


def test_who_leaves_while_the_server_is_dialled_is_not_written_to(
    smtp: RudeServer, welcome: Notice
):
    smtp.on("connect", lambda: User.objects.update(is_active=False) and connection.close())

    outcomes = [send(welcome), send(welcome)]

    assert outcomes == ["waits", "not"]
    assert now(welcome).state == "skipped"
    assert smtp.received == []


def test_two_tries_at_once_send_one_mail(smtp: RudeServer, welcome: Notice):
    both_dialled = threading.Barrier(2)
    smtp.on("connect", *[lambda: both_dialled.wait(10) and None] * 2)
    outcomes: list[str] = []

    def run() -> None:
        outcomes.append(send(welcome))
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcomes) == ["sent", "waits"]
    assert len(smtp.received) == 1


def test_a_claim_that_waited_for_another_sees_that_it_was_too_late(ansel: User):
    """PostgreSQL looks again at a row that it waited for, but only at the row itself."""
    first, second = ansel.notices.get(), ansel.notices.get()
    outcomes: list[str] = []

    def claim_too() -> None:
        try:
            notices._claim(second)
            outcomes.append("claimed")
        except MailWaits:
            outcomes.append("too late")
        connections.close_all()

    thread = threading.Thread(target=claim_too)
    with transaction.atomic():
        notices._claim(first)
        thread.start()
        thread.join(0.5)
        was_waiting = thread.is_alive()
    thread.join(20)

    assert was_waiting
    assert outcomes == ["too late"]


def test_a_claim_of_somebody_alive_is_left_alone(smtp: RudeServer, welcome: Notice):
    notices._claim(welcome)

    with pytest.raises(MailWaits) as waits:
        notices.send(welcome.pk)

    assert conf.MAIL_LEASE_S - 5 < waits.value.retry_in_s <= conf.MAIL_LEASE_S
    assert now(welcome).state == "sending"


def test_who_comes_back_late_from_a_dialogue_still_says_how_it_ended(
    smtp: RudeServer, welcome: Notice
):
    def taken_for_dead() -> None:
        claim_has_run_out()
        send(welcome)
        assert now(welcome).state == "unknown"
        connection.close()

    smtp.on("end", taken_for_dead)

    outcome = send(welcome)

    assert outcome == "sent"
    assert now(welcome).state == "sent"
    assert len(smtp.received) == 1


def test_who_comes_back_late_does_not_speak_for_the_next_try(smtp: RudeServer, reset: Notice):
    first = now(reset)
    notices._claim(first)
    claim_has_run_out()

    second = send(reset)
    notices._settle(first, Notice.State.FAILED, "late", tries=1)

    assert second == "sent"
    assert now(reset).state == "sent"


@pytest.mark.parametrize(
    ("step", "kind", "state_after", "mails"),
    [
        ("connect", WELCOME, "sent", 1),
        ("mail", WELCOME, "unknown", 0),
        ("end", WELCOME, "unknown", 1),
        ("mail", RESET, "sent", 1),
        ("end", RESET, "sent", 2),
    ],
)
def test_a_kill_at_any_step_leaves_a_mail_sent_or_a_reason(
    smtp: RudeServer, ansel: User, step: str, kind: Notice.Kind, state_after: str, mails: int
):
    """Connect: before the claim. Mail: between claim and dialogue. End: before it is settled."""
    notice = notices.queue(kind, ansel) or ansel.notices.get()
    dying = _started(notice, smtp)
    smtp.on(step, lambda: dying.send_signal(signal.SIGKILL) or (dying.wait(10) and None))

    killed = dying.wait(30)
    claim_has_run_out()
    send(notice)

    assert killed == -signal.SIGKILL
    assert now(notice).state == state_after
    assert (now(notice).reason != "") == (state_after == "unknown")
    eventually(lambda: len(smtp.received) == mails, within=2)
    assert {mail["Message-ID"] for _, mail in smtp.received} <= {notice.message_id}


def _started(notice: Notice, smtp: RudeServer) -> subprocess.Popen[bytes]:
    """Send a notice in a process of its own, which begins when the test lets it."""
    code = (
        f"import django; django.setup()\nfrom media_app import notices\nnotices.send({notice.pk})"
    )
    environment = os.environ | {
        "DARKROOM_TEST_DATA_DIR": str(conf.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "MAIL_URL": smtp.url,
    }
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)


class CutOff(BaseException):
    """As Dramatiq cuts off a message whose time is over."""


@pytest.mark.parametrize(
    ("longer_than", "kind", "state_after"),
    [(0, WELCOME, "queued"), (500, WELCOME, "unknown"), (500, RESET, "queued")],
)
def test_a_try_that_is_cut_off_is_in_doubt_only_after_the_data(
    smtp: RudeServer,
    ansel: User,
    monkeypatch,
    longer_than: int,
    kind: Notice.Kind,
    state_after: str,
):
    notice = notices.queue(kind, ansel) or ansel.notices.get()
    really_send = smtplib.SMTP.send

    def cut_off_after(self: smtplib.SMTP, data: bytes) -> None:
        really_send(self, data)
        if len(data) > longer_than:
            raise CutOff

    with mailing.line():
        monkeypatch.setattr(smtplib.SMTP, "send", cut_off_after)
    with pytest.raises(CutOff):
        notices.send(notice.pk)

    assert now(notice).state == state_after
    assert "CutOff" in now(notice).reason


def test_any_other_mailer_works_too(welcome: Notice):
    outcome = send(welcome)

    assert outcome == "sent"
    assert [mail.to for mail in django_mail.outbox] == [[EMAIL]]
