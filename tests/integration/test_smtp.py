"""The lines to the mail server: kept open, taken up again, hung up."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from django.conf import settings as conf
from django.core.mail import EmailMessage, send_mail

from media_app import mailing
from media_app import smtp as smtp_module
from media_app.exceptions import MailDeferred, MailRejected
from tests.integration.mail_fixtures import mailers_of, smtp
from tests.rude_smtp import DROP, RudeServer
from tests.waiting import eventually

__all__ = ["smtp"]


def mail(address: str, body: str = "Hello") -> EmailMessage:
    return EmailMessage("Subject", body, "darkroom@example.org", [address])


def send(address: str, body: str = "Hello") -> None:
    with mailing.line() as mailer:
        mailer.send_messages([mail(address, body)])


def test_a_batch_of_mails_takes_one_connection(smtp: RudeServer):
    for number in range(5):
        send(f"{number}@example.org")

    assert smtp.connections == 1
    assert len(smtp.received) == 5


def test_two_who_send_at_the_same_time_have_a_line_each(smtp: RudeServer):
    with mailing.line() as one, mailing.line() as other:
        one.send_messages([mail("1@example.org")])
        other.send_messages([mail("2@example.org")])
    send("3@example.org")

    assert smtp.connections == 2
    assert len(smtp.received) == 3


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("action", [DROP, "421 You have been idle"])
def test_a_line_that_the_server_dropped_meanwhile_is_taken_up_again(
    smtp: RudeServer, step: str, action: str
):
    send("1@example.org")
    smtp.on(step, action)

    send("2@example.org")

    assert smtp.connections == 2
    assert [address for address, _ in smtp.received] == ["1@example.org", "2@example.org"]


def test_a_new_line_that_is_dropped_is_not_taken_up_at_once(smtp: RudeServer):
    smtp.on("mail", DROP)

    with pytest.raises(MailDeferred):
        send("1@example.org")

    assert smtp.connections == 1


def test_a_refused_mail_leaves_the_line_to_the_next(smtp: RudeServer):
    smtp.on("rcpt", "550 Nobody here")

    with pytest.raises(MailRejected, match="550 Nobody here"):
        send("1@example.org")
    send("2@example.org")

    assert smtp.connections == 1
    assert smtp.steps.count("rset") == 1
    assert [address for address, _ in smtp.received] == ["2@example.org"]


def test_a_line_that_nobody_uses_is_hung_up(smtp: RudeServer, monkeypatch):
    monkeypatch.setattr(mailing, "IDLE_S", 0.1)

    send("1@example.org")

    eventually(lambda: "quit" in smtp.steps)
    assert mailing._idle == []


def test_lines_are_hung_up_when_the_process_ends(smtp: RudeServer):
    send("1@example.org")

    mailing.hang_up()

    assert smtp.steps[-1] == "quit"


def test_other_settings_mean_another_server(smtp: RudeServer, settings: Any):
    send("1@example.org")
    second = RudeServer()
    settings.MAILERS = mailers_of(second.port)

    send("2@example.org")
    mailing.hang_up()
    second.stop()

    assert [address for address, _ in second.received] == ["2@example.org"]


def test_the_name_said_in_ehlo_is_set_and_not_looked_up(smtp: RudeServer, monkeypatch):
    def look_up(*_: object) -> str:
        raise AssertionError("The machine's name was looked up.")

    monkeypatch.setattr("socket.getfqdn", look_up)

    with mailing.line() as mailer:
        assert mailer.connection.local_hostname == "darkroom.test"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("photos.example.org", "photos.example.org"),
        ("127.0.0.1", "[127.0.0.1]"),
        ("::1", "[IPv6:::1]"),
    ],
)
def test_an_address_is_said_in_brackets(smtp: RudeServer, settings: Any, host: str, said: str):
    settings.MAILERS["default"]["OPTIONS"]["local_hostname"] = host

    with mailing.line() as mailer:
        assert mailer.connection.local_hostname == said


def test_a_worker_that_stops_hangs_up(smtp: RudeServer):
    send("1@example.org")

    dramatiq.get_broker().emit_after("worker_shutdown", None)

    assert smtp.steps[-1] == "quit"


def test_the_projects_mailer_has_a_timeout_and_a_name():
    import importlib

    ours = importlib.import_module("project.settings").MAILERS["default"]

    assert ours["OPTIONS"]["timeout"] == 10
    assert ours["OPTIONS"]["local_hostname"] == "localhost"
    assert ours["BACKEND"] == f"{smtp_module.__name__}.Backend"
    assert 4 * ours["OPTIONS"]["timeout"] < conf.MAIL_LEASE_S


def test_what_django_sends_by_itself_goes_the_same_way(smtp: RudeServer):
    sent = send_mail("Subject", "Hello", "a@example.org", ["1@example.org"], using="default")

    assert sent == 1
    assert smtp.steps[-1] == "quit"
    assert [address for address, _ in smtp.received] == ["1@example.org"]


def test_all_recipients_get_a_mail_or_none(smtp: RudeServer):
    smtp.on("rcpt", "250 Fine", "550 Nobody here")
    several = EmailMessage("Subject", "Hello", "a@example.org", ["1@example.org", "2@example.org"])

    with mailing.line() as mailer, pytest.raises(MailRejected):
        mailer.send_messages([several])

    assert smtp.received == []


@pytest.mark.parametrize("body", [".", "..\n.\n\n.x", "no end", "ends\n", "ü\r\ná\n"])
def test_every_body_arrives_as_it_was(smtp: RudeServer, body: str):
    send("1@example.org", body)

    [(_, received)] = smtp.received
    assert received.get_content().splitlines() == body.splitlines()
