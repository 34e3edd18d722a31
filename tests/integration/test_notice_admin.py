"""Staff looks at the notices, and sends some again."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client

from actors.emailing import send_welcome_email
from actors.testing import assert_sent, run_sent
from actors.testing.fixtures import stub_broker
from media_app.models import Notice, User

__all__ = ["stub_broker"]

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/media_app/notice/"
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def staff(stub_broker, client: Client) -> Client:
    boss = User.objects.create_superuser("boss@example.org", "a long enough passphrase")
    client.force_login(boss)
    boss.notices.all().delete()
    return client


@pytest.fixture
def unknown(staff: Client) -> Notice:
    User.objects.create_user("ansel@example.org")
    Notice.objects.update(state="unknown", reason=f"Nobody knows {NASTY}", attempts=3)
    return Notice.objects.get()


def act(staff: Client, *chosen: Notice, **fields: str):
    form = {"action": "send_again", "_selected_action": [each.pk for each in chosen], **fields}
    return staff.post(LIST, form, follow=True)


def test_the_list_is_filtered_by_state_kind_and_person(staff: Client, unknown: Notice):
    User.objects.create_user("imogen@example.org")

    def listed(query: str) -> set[str]:
        page = staff.get(f"{LIST}?{query}").content.decode()
        return {name for name in ("ansel@", "imogen@") if name in page}

    assert listed("") == {"ansel@", "imogen@"}
    assert listed("state__exact=unknown") == {"ansel@"}
    assert listed("q=imogen") == {"imogen@"}
    assert listed("kind__exact=images_ready") == set()


def test_the_list_says_what_unknown_means_and_escapes_reasons(staff: Client, unknown: Notice):
    page = staff.get(LIST).content.decode()

    assert "It may have arrived." in page
    assert "Nobody knows" in page
    assert NASTY not in page


def test_sending_again_asks_first_and_says_how_many(staff: Client, unknown: Notice):
    question = act(staff, unknown).content.decode()

    assert "This sends <strong>1 mail</strong> again" in question
    assert "1 unknown." in question
    assert "who got one gets it twice" in question
    assert NASTY in unescape(question)
    assert NASTY not in question
    assert Notice.objects.get().state == "unknown"


def test_a_mail_that_is_sent_again_leaves_and_the_audit_says_who_did_it(
    staff: Client, unknown: Notice
):
    answer = act(staff, unknown, confirmed="yes")
    queued = Notice.objects.get()
    run_sent()

    entry = LogEntry.objects.get()
    assert "1 mail queued again." in answer.content.decode()
    assert (queued.state, queued.attempts) == ("queued", 0)
    assert [each.to for each in mail.outbox] == [["ansel@example.org"]]
    assert mail.outbox[0].extra_headers["Message-ID"] == unknown.message_id
    assert Notice.objects.get().state == "sent"
    assert entry.user.email == "boss@example.org"
    assert "it was unknown: Nobody knows" in entry.change_message


def test_what_is_on_its_way_is_not_sent_again(staff: Client, unknown: Notice):
    Notice.objects.update(state="queued")
    before = len(assert_sent(send_welcome_email, unknown.pk))

    question = act(staff, unknown)
    act(staff, unknown, confirmed="yes")

    assert "they are still on the way" in question.content.decode()
    assert_sent(send_welcome_email, unknown.pk, times=before)


def test_nobody_adds_changes_or_removes_a_notice_by_hand(staff: Client, unknown: Notice):
    page = staff.get(f"{LIST}{unknown.pk}/change/")

    staff.post(f"{LIST}{unknown.pk}/change/", {"state": "sent"})

    assert page.status_code == 200
    assert b'name="state"' not in page.content
    assert staff.get(f"{LIST}add/").status_code == 403
    assert staff.post(f"{LIST}{unknown.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Notice.objects.get().state == "unknown"


def test_who_may_only_look_does_not_send(staff: Client, unknown: Notice, client: Client):
    from django.contrib.auth.models import Permission

    looker = User.objects.create_user("looker@example.org", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client.force_login(looker)

    act(client, unknown, confirmed="yes")

    assert Notice.objects.get(pk=unknown.pk).state == "unknown"
