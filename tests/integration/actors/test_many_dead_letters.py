"""Dead letters by the hundred thousand: lists are read from an index, commands keep little.

DARKROOM_DEAD_LETTERS says how many; with 1000000 this is the measurement of docs/reference.md.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client

from actors.dead_letters import Selection, page, pages
from actors.models import DeadLetter

MANY = int(os.environ.get("DARKROOM_DEAD_LETTERS", "20000"))
#: Seconds that a list may take.
QUICK_S = 0.2
SERIES = {
    "sqlite": f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < {MANY - 1})",
    "postgresql": f"WITH n AS (SELECT i FROM generate_series(0, {MANY - 1}) i)",
}
MOMENT = {
    "sqlite": "datetime('2026-01-01', '+' || i || ' seconds')",
    "postgresql": "timestamptz '2026-01-01 00:00:00+00' + i * interval '1 second'",
}
BYTES = {"sqlite": "x'7b7d'", "postgresql": "'{}'::bytea"}
INSERT = """
INSERT INTO actors_deadletter (id, actor_name, queue_name, cause, state, arguments, error_type,
    error, attempts, failed_at, traceback, tries, payload)
%(series)s SELECT 'id-' || (10000000 + i), 'actor_' || (i %% 20), 'queue_' || (i %% 3),
    CASE i %% 10 WHEN 0 THEN 'permanent' ELSE 'exhausted' END, 'dead', i, 'ValueError',
    'it was cold ' || i, 1, %(moment)s, 'Traceback', '[]', %(payload)s FROM n
"""
FILTERS = [
    "",
    "actor=actor_3",
    "queue=queue_1",
    "cause=permanent",
    "actor=nobody",
    "actor=actor_3&cause=permanent&queue=queue_1",
    "actor=actor_1*",
    "q=cold+77",
    "q=nowhere",
    "since=2026-01-01&until=2026-01-01",
    "q=nowhere&cause=permanent&since=2026-01-01",
]


@pytest.fixture
def many(db) -> None:
    vendor = connection.vendor
    parts = {"series": SERIES[vendor], "moment": MOMENT[vendor], "payload": BYTES[vendor]}
    with connection.cursor() as cursor:
        cursor.execute(INSERT % parts)
        cursor.execute("ANALYZE actors_deadletter")


def test_every_list_is_quick(many):
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("keeper@example.com"))

    took = {query: min(seconds(client, query) for _ in range(5)) for query in FILTERS}

    assert {query: s for query, s in took.items() if s >= QUICK_S} == {}


@pytest.mark.parametrize("column", ["", "actor", "queue", "cause"])
def test_each_filter_has_an_index_that_gives_the_order_too(many, column):
    value = {"actor": "actor_3", "queue": "queue_1", "cause": "permanent"}.get(column)
    selection = Selection(**{column: value} if column else {})
    place = (datetime(2026, 1, 1, 3, tzinfo=UTC), "id-10010800")

    plan = pages._latest(selection.letters(), place)[:51].explain()

    assert "dead_letter_by_" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


def test_a_search_looks_through_a_window_and_no_more(many):
    found = page(Selection(error="nowhere"))

    assert (found.letters, found.looked_at) == ([], pages.WINDOW)
    latest = DeadLetter.objects.order_by("-failed_at")[pages.WINDOW - 1]
    assert found.older == (latest.failed_at, latest.pk)


def test_discarding_goes_through_all_in_batches(many):
    out = StringIO()

    call_command("discard", "--actor", "actor_1*", "--yes", stdout=out)

    assert f"Done: {MANY // 20 * 11} deleted." in out.getvalue()
    assert DeadLetter.objects.count() == MANY - MANY // 20 * 11


def seconds(client: Client, query: str) -> float:
    began = time.perf_counter()
    assert client.get(f"/admin/actors/deadletter/?{query}").status_code == 200
    return time.perf_counter() - began
