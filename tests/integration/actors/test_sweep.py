"""The sweep: what waits for a message that Redis lost is sent again, and nothing else is."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from dramatiq import Message

from actors import AsyncResult, BrokerUnavailable, living, outbox, sweeping
from actors.arithmetic import add
from actors.connection import client
from actors.models import OutboxMessage
from actors.sweeping import Swept
from media_app.models import Asset, Original, User
from tests.tutorial import tasks
from tests.waiting import eventually

NOW = timedelta(0)


@pytest.fixture
def watches(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is registered: nothing yet."""
    registered: dict[str, Any] = {}
    monkeypatch.setattr(sweeping, "_watches", registered)
    return registered


@pytest.fixture
def plates(watches: dict[str, Any]) -> Callable[..., list[Asset]]:
    """Rows that wait for a message, and are registered; `make(count)` makes some."""
    sweeping.register("plates", rows=unfinished, message=lambda row: add.message(row.width, 0))

    def make(count: int = 1) -> list[Asset]:
        owner, _ = User.objects.get_or_create(email="ansel@example.com")
        original, _ = Original.objects.get_or_create(digest="0" * 64, format="JPEG", size_bytes=1)
        made = timezone.now()
        rows = [
            Asset(owner=owner, original=original, width=i, height=1, created_at=made)
            for i in range(1, count + 1)
        ]
        return Asset.objects.bulk_create(rows)

    return make


@pytest.fixture
def dies_after_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stores a message ends before it is sent."""
    monkeypatch.setattr(outbox.StoredMessages, "send", lambda self: None)


def unfinished(before: Any) -> Any:
    return Asset.objects.filter(state="developing", created_at__lte=before)


def give(row: Asset, result: AsyncResult[Any]) -> None:
    """Note that a row's message is this."""
    Asset.objects.filter(pk=row.pk).update(task_id=result.id)


def requeue(message: Message[Any]) -> AsyncResult[Any]:
    """Send a message that was sent before, as `manage.py retry` does."""
    outbox.store(message, due_at=None, is_again=True)
    return AsyncResult(message.message_id)


def lose() -> None:
    client().flushall()


def waiting() -> list[Message[Any]]:
    """The messages in Redis."""
    key = f"{dramatiq.get_broker().namespace}:default.msgs"
    return [Message.decode(data) for data in client().hvals(key)]


def test_a_row_whose_message_is_lost_gets_another(valkey, transactional_db, plates):
    row = plates()[0]
    with transaction.atomic():
        give(row, add.delay_on_commit(1, 2))
    lose()

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [Swept("plates", seen=1, lost=1, sent=1)]
    row.refresh_from_db()
    assert [message.message_id for message in waiting()] == [str(row.task_id)]


def test_a_row_that_never_had_one_gets_one(valkey, transactional_db, plates):
    plates(3)

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [Swept("plates", seen=3, lost=3, sent=3)]
    assert sorted(message.args[0] for message in waiting()) == [1, 2, 3]


@pytest.mark.parametrize(
    "send",
    [
        lambda: add.delay(1, 2),
        lambda: add.apply_async((1, 2), countdown=60),
        lambda: add.apply_async((1, 2), priority=10),
        lambda: add.apply_async((1, 2), queue="renditions"),
        lambda: requeue(add.message(1, 2)),
    ],
    ids=["queued", "delayed", "prioritised", "of another queue", "requeued"],
)
def test_one_whose_message_waits_is_left_alone(valkey, transactional_db, plates, send):
    give(plates()[0], send())

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [Swept("plates", seen=1)]


def test_one_whose_message_is_in_the_outbox_is_left_alone(
    valkey, transactional_db, plates, dies_after_commit
):
    give(plates()[0], add.delay_on_commit(1, 2))

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [Swept("plates", seen=1)]


@pytest.mark.parametrize(
    ("actor", "state"),
    [(tasks.wait_for, "running"), (tasks.try_until, "retrying")],
    ids=["running", "retrying"],
)
def test_one_whose_message_a_worker_is_at_is_left_alone(worker, plates, actor, state):
    name = uuid.uuid4().hex
    result = actor.delay(name)
    give(plates()[0], result)
    eventually(lambda: result.state == state)

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [Swept("plates", seen=1)]
    tasks.trace(name).touch()
    assert result.get() == name


def test_a_message_that_leaves_the_outbox_between_two_looks_is_found(
    valkey, transactional_db, monkeypatch, dies_after_commit
):
    message_id = add.delay_on_commit(1, 2).id
    moves = [lambda: outbox.relay(grace=NOW)]

    def after(look: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        found = look(*args, **kwargs)
        if moves:
            assert moves.pop()() == 1
        return found

    ask = living.lines.call
    monkeypatch.setattr(living, "lines", type("Lines", (), {"call": None}))
    monkeypatch.setattr(living.lines, "call", lambda *a, **k: after(ask, *a, **k), raising=False)
    with connection.execute_wrapper(after):
        found = living.living([message_id])

    assert not moves
    assert found == {message_id}


def test_a_row_is_stale_after_a_while_only(valkey, transactional_db, plates):
    plates()

    accounts = sweeping.sweep_once()

    assert accounts == [Swept("plates")]


def test_a_finished_row_is_left_alone(valkey, transactional_db, plates):
    plates(2)
    Asset.objects.filter(width=1).update(state="ready")

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [Swept("plates", seen=1, lost=1, sent=1)]
    assert [message.args[0] for message in waiting()] == [2]


def test_a_dry_run_sends_nothing(valkey, transactional_db, plates):
    plates(2)

    accounts = sweeping.sweep_once(older_than=NOW, dry_run=True)

    assert accounts == [Swept("plates", seen=2, lost=2)]
    assert waiting() == []


def test_all_are_looked_at_some_at_a_time(valkey, transactional_db, plates, monkeypatch):
    monkeypatch.setattr(sweeping, "PAGE", 3)
    monkeypatch.setattr(sweeping, "SENT_AT_ONCE", 2)
    plates(10)

    steps = list(sweeping.steps(older_than=NOW))

    assert [step.sent for step in steps] == [3, 3, 3, 1]
    assert sorted(message.args[0] for message in waiting()) == list(range(1, 11))


def test_two_at_once_send_once(valkey, transactional_db, plates, watches):
    plates(20)
    both, calls = threading.Barrier(2), threading.local()

    def rows_once_both_have_looked(before: Any) -> Any:
        calls.count = getattr(calls, "count", 0) + 1
        if calls.count == 2:
            both.wait(10)
        return unfinished(before)

    sweeping.register("plates", rows=rows_once_both_have_looked, message=watches["plates"].message)

    def sweep() -> Swept:
        try:
            return sweeping.sweep_once(older_than=NOW)[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        accounts = [future.result() for future in [pool.submit(sweep) for _ in range(2)]]

    assert [(each.lost, each.error) for each in accounts] == [(20, ""), (20, "")]
    assert sum(each.sent for each in accounts) == 20
    assert sorted(message.args[0] for message in waiting()) == list(range(1, 21))


@pytest.mark.parametrize(
    "change",
    [
        lambda row: give(row, add.delay(5, 5)),
        lambda row: Asset.objects.filter(pk=row.pk).update(state="ready"),
        lambda row: Asset.objects.filter(pk=row.pk).delete(),
    ],
    ids=["sent by somebody", "finished", "deleted"],
)
def test_what_happens_to_a_row_after_the_look_counts(
    valkey, transactional_db, plates, watches, change
):
    row = plates()[0]
    calls: list[Any] = []

    def rows_with_a_change_between(before: Any) -> Any:
        calls.append(before)
        if len(calls) == 2:
            change(row)
        return unfinished(before)

    sweeping.register("plates", rows=rows_with_a_change_between, message=watches["plates"].message)

    account = sweeping.sweep_once(older_than=NOW)[0]

    assert (account.lost, account.sent, account.error) == (1, 0, "")
    # A deleted asset sends a message of its own, for its files.
    plates_sent = [each.args for each in waiting() if each.actor_name == add.actor_name]
    assert plates_sent in ([], [(5, 5)])


def test_what_cannot_be_looked_after_does_not_stop_the_others(
    valkey, transactional_db, watches, plates, caplog
):
    def broken(before: Any) -> Any:
        raise LookupError("no such table")

    registered = watches.pop("plates")
    sweeping.register("proofs", rows=broken, message=registered.message)
    watches["plates"] = registered
    plates()

    accounts = sweeping.sweep_once(older_than=NOW)

    assert accounts == [
        Swept("proofs", error="LookupError: no such table"),
        Swept("plates", seen=1, lost=1, sent=1),
    ]
    assert "The sweep could not look after proofs." in caplog.text


def test_with_redis_away_nothing_is_sent(valkey, transactional_db, plates, settings):
    row = plates()[0]
    give(row, add.delay(1, 2))
    settings.ACTORS_REDIS_URL = "unix:///nowhere/valkey.sock"

    with pytest.raises(BrokerUnavailable, match="look for messages"):
        sweeping.sweep_once(older_than=NOW)

    assert not OutboxMessage.objects.exists()


def test_where_no_worker_is_asked_nothing_is_lost(transactional_db, plates, settings):
    settings.ACTORS_EAGER = True
    plates()

    assert sweeping.sweep_once(older_than=NOW) == [Swept("plates")]
