"""Sign-up, log-in, log-out, password reset: what a person without JavaScript sees."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.conf import settings
from django.contrib.auth import get_user
from django.template.loader import render_to_string
from django.test import Client

from media_app import forms, mails, notices
from media_app.models import Notice, User

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD = "ansel@example.org", "moonrise over hernandez"


@pytest.fixture
def ansel() -> User:
    return User.objects.create_user(EMAIL, PASSWORD)


def words(response) -> str:
    """Everything that a person reads in a page."""
    text = re.sub(r"<(script|style|template)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def reset_path(user: User) -> str:
    notice = notices.queue(Notice.Kind.PASSWORD_RESET, user)
    text = str(mails.compose(notice).body)
    return re.search(r"http\S+(/accounts/password-reset/\S+)", text).group(1)


def test_sign_up_logs_in_and_promises_a_welcome_mail(client: Client):
    form = {"email": "Ansel@Example.org", "password": PASSWORD}

    response = client.post("/accounts/sign-up/", form, follow=True)

    assert response.redirect_chain == [("/", 302)]
    assert get_user(client).email == EMAIL
    assert f"We've sent a welcome mail to {EMAIL}." in words(response)
    assert Notice.objects.get().kind == Notice.Kind.WELCOME


@pytest.mark.parametrize("typed", [EMAIL, "ANSEL@example.ORG"])
def test_sign_up_with_a_known_address_shows_the_ways_on(client: Client, ansel: User, typed: str):
    response = client.post("/accounts/sign-up/", {"email": typed, "password": PASSWORD})

    assert "There is already an account with this address." in words(response)
    assert 'href="/accounts/log-in/"' in response.content.decode()
    assert User.objects.count() == 1


def test_sign_up_that_loses_a_race_for_the_address_is_told(
    client: Client, ansel: User, monkeypatch
):
    monkeypatch.setattr(forms.SignUpForm, "clean_email", lambda form: form.cleaned_data["email"])

    response = client.post("/accounts/sign-up/", {"email": EMAIL, "password": PASSWORD})

    assert "There is already an account with this address." in words(response)


@pytest.mark.parametrize(
    ("email", "password", "expected"),
    [
        ("", PASSWORD, "Enter your e-mail address."),
        ("ansel", PASSWORD, "This is no e-mail address."),
        (EMAIL, "", "Choose a password."),
        (EMAIL, "short", "It must contain at least 8 characters."),
        (EMAIL, "password1", "This password is too common."),
        (EMAIL, "80274619", "entirely numeric"),
        (EMAIL, "ansel@example", "too similar to the e-mail address"),
    ],
)
def test_sign_up_says_what_is_wrong(client: Client, email: str, password: str, expected: str):
    response = client.post("/accounts/sign-up/", {"email": email, "password": password})

    assert expected in words(response)
    assert not User.objects.exists()


def test_password_is_never_sent_back(client: Client):
    response = client.post("/accounts/sign-up/", {"email": "ansel", "password": PASSWORD})

    assert PASSWORD not in response.content.decode()


def test_log_in_ignores_the_case_of_the_address(client: Client, ansel: User):
    response = client.post("/accounts/log-in/", {"username": EMAIL.upper(), "password": PASSWORD})

    assert response.headers["Location"] == "/"
    assert get_user(client) == ansel


def test_log_in_with_a_wrong_password_stays_out(client: Client, ansel: User):
    response = client.post("/accounts/log-in/", {"username": EMAIL, "password": "wrong"})

    assert "Address and password don't match." in words(response)
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("/?cursor=x", "/?cursor=x"), ("https://evil.example/", "/"), ("//e", "/")],
)
def test_log_in_leads_on_within_this_site_only(client: Client, ansel: User, wanted, reached):
    form = {"username": EMAIL, "password": PASSWORD, "next": wanted}

    response = client.post("/accounts/log-in/", form)

    assert response.headers["Location"] == reached


def test_log_out_needs_a_post(client: Client, ansel: User):
    client.force_login(ansel)

    refused = client.get("/accounts/log-out/")
    client.post("/accounts/log-out/")

    assert refused.status_code == 405
    assert not get_user(client).is_authenticated


def test_password_reset_never_tells_whether_the_address_is_known(client: Client, ansel: User):
    answers = [
        client.post("/accounts/password-reset/", {"email": email}, follow=True)
        for email in (EMAIL, "nobody@example.org")
    ]

    assert answers[0].redirect_chain == [("/accounts/password-reset/done/", 302)]
    assert words(answers[0]) == words(answers[1])
    assert Notice.objects.filter(kind=Notice.Kind.PASSWORD_RESET).count() == 1


def test_link_of_the_mail_changes_the_password_once(client: Client, ansel: User):
    path = reset_path(ansel)

    form = client.get(path, follow=True).redirect_chain[-1][0]
    stored = client.post(form, {"new_password1": "clearing winter storm"}, follow=True)
    again = Client().get(path, follow=True)

    ansel.refresh_from_db()
    assert "New password stored" in words(stored)
    assert ansel.check_password("clearing winter storm")
    assert "This link no longer works" in words(again)


def test_new_password_is_judged_too(client: Client, ansel: User):
    form = client.get(reset_path(ansel), follow=True).redirect_chain[-1][0]

    response = client.post(form, {"new_password1": "short"})

    ansel.refresh_from_db()
    assert "It must contain at least 8 characters." in words(response)
    assert ansel.check_password(PASSWORD)


def test_form_without_token_is_told_what_to_do():
    strict = Client(enforce_csrf_checks=True)

    response = strict.post("/accounts/log-in/", {"username": EMAIL, "password": PASSWORD})

    assert response.status_code == 403
    assert "Reload the page and try once more." in words(response)


@pytest.mark.parametrize("kind", ["welcome", "password_reset"])
def test_mail_says_the_same_as_text_and_as_html(ansel: User, kind: str):
    link = f"{settings.BASE_URL}/way/on/?a=1&b=2"
    context = {"user": ansel, "site_url": settings.BASE_URL, "link": link}

    subject, text, html = (
        render_to_string(f"mail/{kind}{part}", context)
        for part in ("_subject.txt", ".txt", ".html")
    )

    assert subject.count("\n") == 1
    assert link in text
    assert link in unescape(html)
    assert EMAIL in text
    assert EMAIL in html
    assert "src=" not in html


def test_account_page_is_for_who_is_logged_in(client: Client):
    response = client.get("/accounts/")

    assert response.headers["Location"] == "/accounts/log-in/?next=%2Faccounts%2F"


def test_account_page_stores_whether_mails_about_pictures_are_wanted(client: Client, ansel: User):
    client.force_login(ansel)

    shown = client.get("/accounts/").content.decode()
    stopped = client.post("/accounts/", {}, follow=True)
    ansel.refresh_from_db()
    after_first = ansel.wants_ready_mails
    client.post("/accounts/", {"wants_ready_mails": "on"})
    ansel.refresh_from_db()

    assert "Mail me when my pictures are ready" in shown
    assert re.search(r"<input[^>]* checked", shown)
    assert "Saved." in words(stopped)
    assert not re.search(r"<input[^>]* checked", stopped.content.decode())
    assert (after_first, ansel.wants_ready_mails) == (False, True)


def stop_path(user: User) -> str:
    return mails.stop_link(user).removeprefix(settings.BASE_URL)


def test_one_click_stops_the_mails_without_log_in_or_token(ansel: User):
    program = Client(enforce_csrf_checks=True)

    response = program.post(stop_path(ansel), {"List-Unsubscribe": "One-Click"})

    ansel.refresh_from_db()
    assert response.status_code == 200
    assert "These mails have stopped" in words(response)
    assert not ansel.wants_ready_mails


def test_opening_the_link_asks_first_as_scanners_open_links_too(client: Client, ansel: User):
    response = client.get(stop_path(ansel))

    ansel.refresh_from_db()
    assert "No more mails about pictures?" in words(response)
    assert ansel.wants_ready_mails


@pytest.mark.parametrize(
    "change", [lambda p: p.replace("mails/", "mails/9"), lambda p: p[:-2] + "/"]
)
def test_a_link_that_was_not_made_here_stops_nothing(client: Client, ansel: User, change):
    response = client.post(change(stop_path(ansel)))

    ansel.refresh_from_db()
    assert response.status_code == 404
    assert "This link does not work" in words(response)
    assert ansel.wants_ready_mails


def test_mail_about_pictures_tells_programs_how_to_stop_it(ansel: User):
    notice = notices.queue(Notice.Kind.IMAGES_READY, ansel, batch=uuid.uuid4())

    mail = mails.compose(notice)

    assert mail.extra_headers["List-Unsubscribe"] == f"<{mails.stop_link(ansel)}>"
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mails.stop_link(ansel) in mail.body
    assert mails.stop_link(ansel) in unescape(mail.alternatives[0].content)


def test_no_other_mail_offers_to_stop_it(ansel: User):
    mail = mails.compose(ansel.notices.get())

    assert "List-Unsubscribe" not in mail.extra_headers
