"""Django's admin pages of dead letters: found, read, sent again and discarded by staff."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from actors.arithmetic import add
from actors.models import DeadLetter, DeadLetterAction

LIST = "/admin/actors/deadletter/"
ACT = f"{LIST}act/"
HOSTILE = "<script>alert(1)</script>\"'>{{ 7|add:7 }}<img src=x onerror=alert(2)>"


@pytest.fixture
def keeper(db) -> Client:
    """Staff who may do everything."""
    return client_of(get_user_model().objects.create_superuser("keeper@example.com"))


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user("staff@example.com", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return client_of(user)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def bury(name: str, *, age: timedelta = timedelta(0), **fields: object) -> DeadLetter:
    message = add._build((1, 2), None)
    told = {
        "actor_name": "add",
        "queue_name": "default",
        "payload": message.encode(),
        "error_type": "ValueError",
        "error": name,
        "failed_at": timezone.now() - age,
    }
    return DeadLetter.objects.create(**{"id": message.message_id, **told, **fields})


def errors_on(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return [letter.error for letter in answer.context["page"].letters]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["c", "b", "a"]),
        ("actor=add", ["b", "a"]),
        ("actor=ad*", ["b", "a"]),
        ("actor=note&cause=permanent", ["c"]),
        ("actor=add&cause=permanent", []),
        ("queue=mail", ["c"]),
        ("cause=exhausted", ["b", "a"]),
        ("q=OSERR", ["a"]),
        ("q=the-id-of-b", ["b"]),
        ("q=the-id-of-again", ["again"]),
        ("state=requeued", ["again"]),
        ("q=nowhere", []),
        ("before=nonsense", ["c", "b", "a"]),
        ("since=tomorrow", []),
    ],
)
def test_filters_choose_what_the_list_shows(keeper, query, shown):
    bury("a", age=timedelta(hours=2), error_type="OSError")
    bury("b", age=timedelta(hours=1), id="the-id-of-b")
    bury("c", actor_name="note", queue_name="mail", cause="permanent")
    bury("again", state="requeued", id="the-id-of-again")

    assert errors_on(keeper, query) == shown


def test_days_bound_the_list_on_both_sides(keeper):
    today = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    for days in range(4):
        bury(str(days), failed_at=today - timedelta(days=days))

    since, until = (f"{today - timedelta(days=days):%Y-%m-%d}" for days in (2, 1))

    assert errors_on(keeper, f"since={since}&until={until}") == ["1", "2"]


def test_pages_follow_each_other_without_a_gap_also_within_one_moment(keeper):
    now = timezone.now()
    for number in range(120):
        bury(str(number), failed_at=now, id=f"{number:03}")

    seen, address = [], LIST
    while address:
        answer = keeper.get(address)
        seen += [letter.pk for letter in answer.context["page"].letters]
        address = f"{LIST}?{answer.context['older']}" if answer.context["older"] else ""

    assert seen == [f"{number:03}" for number in range(119, -1, -1)]


def test_a_search_that_no_index_helps_looks_through_so_many_and_offers_more(keeper, monkeypatch):
    monkeypatch.setattr("actors.dead_letters.pages.WINDOW", 10)
    for number in range(25):
        bury("needle" if number == 0 else "hay", age=timedelta(minutes=25 - number))

    looked = 0
    answer = keeper.get(f"{LIST}?q=needle")
    while not answer.context["page"].letters:
        assert b"10 looked through: look further" in answer.content
        answer, looked = keeper.get(f"{LIST}?{answer.context['older']}"), looked + 1

    assert looked == 2
    assert answer.context["older"] == ""


def test_a_list_reads_no_payload_and_no_traceback_and_counts_nothing(
    keeper, django_assert_max_num_queries
):
    bury("a")
    keeper.get(LIST)

    with django_assert_max_num_queries(4) as queries:
        keeper.get(f"{LIST}?actor=add")

    read = " ".join(each["sql"] for each in queries)
    assert "payload" not in read
    assert "traceback" not in read
    assert "COUNT(" not in read


def test_the_page_of_one_shows_each_attempt_and_the_message_as_it_was(keeper):
    letter = bury(
        "cold",
        arguments="1, 2",
        tries=[
            {"attempt": 1, "type": "OSError", "msg": "first", "traceback": "the first one"},
            {"attempt": 2, "type": "ValueError", "msg": "cold", "traceback": "the second one"},
        ],
    )

    page = keeper.get(f"{LIST}{letter.pk}/change/").content.decode()

    assert page.index("the second one") < page.index("the first one")
    assert "&quot;actor_name&quot;:&quot;add&quot;" in page


def test_what_came_from_outside_is_text_on_every_page(keeper):
    names = ("actor_name", "queue_name", "arguments", "error_type", "error", "traceback")
    letter = bury(
        HOSTILE,
        **dict.fromkeys(names, HOSTILE),
        id=HOSTILE,
        payload=HOSTILE.encode() + b"\xff\x00",
        cause="undecodable",
        tries=[{"attempt": 1, "type": HOSTILE, "msg": HOSTILE, "traceback": HOSTILE}],
    )
    listed = keeper.get(LIST)
    address = unescape(re.search(r'scope="row"><a href="([^"]+)"', listed.content.decode())[1])

    pages = [
        listed,
        keeper.get(LIST, {"q": HOSTILE}),
        keeper.get(LIST, {"actor": HOSTILE, "queue": HOSTILE}),
        keeper.get(address),
        keeper.post(ACT, {"do": "discard", "id": letter.pk}),
        keeper.post(ACT, {"do": "requeue", "id": letter.pk, "confirmed": "yes"}, follow=True),
    ]

    for page in pages:
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
        assert b"<img src=x" not in page.content
        assert b"14<img" not in page.content
        assert b"&lt;script&gt;alert" in page.content


def test_requeue_is_asked_for_first_and_says_how_many(keeper, valkey, queue_length):
    letters = [bury(str(number)) for number in range(3)]
    ticked = {"do": "requeue", "id": [letters[0].pk, letters[1].pk]}

    asked = keeper.post(ACT, ticked)
    waiting = queue_length("default")
    with_answer = keeper.post(ACT, {**ticked, "confirmed": "yes"}, follow=True)

    assert b"<strong>2</strong> dead letters again" in asked.content
    assert b"Yes, send 2 again" in asked.content
    assert waiting == 0
    assert b"2 sent again, 0 failed, 0 skipped." in with_answer.content
    assert errors_on(keeper) == ["2"]


def test_all_that_match_are_those_that_were_there_when_it_was_asked(keeper):
    for number in range(60):
        bury(str(number))
    bury("other", actor_name="note")
    asked = keeper.post(ACT, {"do": "discard", "all": "1", "actor": "add"})
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked.content.decode()))
    bury("later")

    answer = keeper.post(ACT, fields, follow=True)

    assert b"<strong>60</strong> dead letters for good" in asked.content
    assert b"60 discarded." in answer.content
    assert errors_on(keeper) == ["later", "other"]


def test_what_takes_long_is_gone_on_with(keeper, monkeypatch):
    monkeypatch.setattr("actors.admin.acting.PATIENCE_S", 0.0)
    monkeypatch.setattr("actors.dead_letters.discarding.MOST_AT_ONCE", 2)
    for number in range(5):
        bury(str(number))

    answer = keeper.post(ACT, {"do": "discard", "all": "1", "confirmed": "yes"})

    assert b"2 discarded. That took a while, and there are more: go on?" in answer.content
    assert b"Yes, discard 3" in answer.content


def test_a_filter_that_cannot_be_read_does_not_mean_everything(keeper):
    bury("a")

    keeper.post(ACT, {"do": "discard", "all": "1", "since": "tomorrow", "confirmed": "yes"})

    assert DeadLetter.objects.count() == 1


def test_each_act_is_written_down_with_who_and_which(keeper, valkey):
    letter, other = bury("a"), bury("b")

    keeper.post(ACT, {"do": "requeue", "id": letter.pk, "confirmed": "yes"})
    keeper.post(ACT, {"do": "discard", "all": "1", "actor": "add", "confirmed": "yes"})

    first, second = DeadLetterAction.objects.order_by("pk")
    assert (first.who, first.action, first.count) == ("keeper@example.com", "requeue", 1)
    assert first.letter_ids == [letter.pk]
    assert (second.action, second.letter_ids) == ("discard", [other.pk])
    assert second.selection.startswith("actor add, failed until")
    assert b"keeper@example.com" in keeper.get("/admin/actors/deadletteraction/").content


@pytest.mark.parametrize(
    ("permissions", "seen", "may"),
    [
        ((), 403, {"requeue": 403, "discard": 403}),
        (("requeue_deadletter", "discard_deadletter"), 403, {"requeue": 403, "discard": 403}),
        (("view_deadletter",), 200, {"requeue": 403, "discard": 403}),
        (("view_deadletter", "requeue_deadletter"), 200, {"requeue": 302, "discard": 403}),
        (("view_deadletter", "discard_deadletter"), 200, {"requeue": 403, "discard": 302}),
    ],
)
def test_permissions_say_who_sees_and_who_acts(db, valkey, permissions, seen, may):
    client, letter = staff(*permissions), bury("a")

    assert client.get(LIST).status_code == seen
    assert client.get(f"{LIST}{letter.pk}/change/").status_code == seen
    for act, status in may.items():
        posted = client.post(ACT, {"do": act, "id": letter.pk, "confirmed": "yes"})
        assert posted.status_code == status


@pytest.mark.parametrize("path", ["add/", "x/delete/", "x/change/"])
def test_nothing_is_added_changed_or_deleted_by_hand(keeper, path):
    bury("a", id="x")

    assert keeper.post(f"{LIST}{path}", {"actor_name": "y", "post": "yes"}).status_code in (
        403,
        405,
    )
    assert DeadLetter.objects.get().actor_name == "add"


def test_without_a_login_there_is_only_the_login(db):
    assert Client().get(LIST).headers["Location"].startswith("/admin/login/")


def test_ids_of_any_form_have_a_page(keeper):
    for pk in ("a/b?c#d", "ünï", "_2F", "x" * 200, "../.."):
        bury("odd", id=pk)
    listed = keeper.get(LIST).content.decode()

    addresses = re.findall(r'scope="row"><a href="([^"]+)"', listed)

    assert len(addresses) == 5
    assert {keeper.get(each).status_code for each in addresses} == {200}


def test_migrations_give_ids_their_hyphens(transactional_db):
    call_command("migrate", "actors", "0003", verbosity=0)
    try:
        old = MigrationExecutor(connection).loader.project_state(
            [("actors", "0003_outbox_send_key")]
        )
        letters = old.apps.get_model("actors", "DeadLetter").objects
        row = letters.create(
            id="8f14e45f-ceea-467f-a8e5-3b2f0b1d4c11",
            actor_name="add",
            queue_name="default",
            payload=b"",
            error_type="ValueError",
            error="cold",
        )
    finally:
        call_command("migrate", "actors", verbosity=0)

    assert DeadLetter.objects.get().pk == str(row.pk) == "8f14e45f-ceea-467f-a8e5-3b2f0b1d4c11"
