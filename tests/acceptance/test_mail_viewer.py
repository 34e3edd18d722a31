"""The mails of development can be read at /dev/mail/."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage

import pytest

from tests.acceptance.harness import Run
from tests.waiting import eventually

RESET = "https://example.org/accounts/password-reset/x/y/"


@pytest.fixture(scope="module")
def mail_page(darkroom: Run) -> str:
    """The address of one mail with text and HTML, sent over real SMTP."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "site@example.org", "ann@example.org"
    mail["Subject"] = "Grüße <b>&</b> links"
    mail.set_content(f"Go to {RESET}")
    html = f"<html><head><title>x</title></head><body><a href='{RESET}'>Go</a></body></html>"
    mail.add_alternative(html, subtype="html")
    port = mail_port(darkroom)
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.send_message(mail)
    with darkroom.client() as client:
        page = client.get("/dev/mail/").text
    found = re.search(r'href="(/dev/mail/[^"]+/)">Grüße', page)
    assert found, page
    return found[1]


def mail_port(run: Run) -> int:
    lines = "\n".join(run.log)
    found = re.search(r"mail +\| Takes mail at 127\.0\.0\.1:(\d+)", lines)
    assert found, lines
    return int(found[1])


def test_the_welcome_mail_of_a_sign_up_is_listed(darkroom: Run) -> None:
    client = darkroom.sign_up("viewer@example.org")

    page = eventually(
        lambda: (text := client.get("/dev/mail/").text) * ("to viewer@example.org" in text),
        within=30,
        what="the welcome mail is listed",
    )

    assert "Welcome" in page


def test_a_mail_is_shown_with_its_text_and_links_that_work(darkroom: Run, mail_page: str) -> None:
    with darkroom.client() as client:
        page = client.get(mail_page)

    assert page.status_code == 200
    assert "Grüße &lt;b&gt;&amp;&lt;/b&gt; links" in page.text
    assert f'href="{RESET}"' in page.text
    assert f'src="{mail_page}html"' in page.text


def test_the_html_part_runs_no_script_and_opens_links_outside(
    darkroom: Run, mail_page: str
) -> None:
    with darkroom.client() as client:
        part = client.get(f"{mail_page}html")

    policy = part.headers["content-security-policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert '<head><base target="_blank"><title>' in part.text


def test_the_source_is_shown_as_plain_text(darkroom: Run, mail_page: str) -> None:
    with darkroom.client() as client:
        source = client.get(f"{mail_page}source")

    assert source.headers["content-type"] == "text/plain; charset=utf-8"
    assert "To: ann@example.org" in source.text


@pytest.mark.parametrize("part", ["", "html", "source"])
@pytest.mark.parametrize(
    "mail_id", ["unknown", "00000000000000000000-00000000", "..%2f..%2fsecret_key"]
)
def test_an_id_that_is_none_is_not_found(darkroom: Run, mail_id: str, part: str) -> None:
    with darkroom.client() as client:
        answer = client.get(f"/dev/mail/{mail_id}/{part}")

    assert answer.status_code == 404


def test_outside_development_there_is_no_viewer(darkroom: Run) -> None:
    command = "from django.urls import resolve; resolve('/dev/mail/')"

    ended = darkroom.manage("shell", "-v0", "-c", command, DEVELOPMENT="0")

    assert "Resolver404" in ended.stderr
