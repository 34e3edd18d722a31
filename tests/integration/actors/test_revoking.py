"""Revoking a message, whatever it is at: what has not begun never runs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from django.db import transaction
from dramatiq import Message

from actors import AsyncResult, Revoked, outbox
from actors.arithmetic import add
from actors.connection import client
from actors.models import DeadLetter, OutboxMessage
from actors.outbox import relaying
from actors.wire import lines, scripts
from actors.worker.deliveries import Delivery, finish_end
from actors.worker.interrupts import RevokedWhileRunning
from actors.worker.life import Life
from tests.timing import in_time
from tests.tutorial import tasks
from tests.waiting import eventually


@pytest.fixture
def name() -> str:
    """The name of a file that nobody has left yet."""
    return uuid.uuid4().hex


@pytest.fixture
def held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what commits to the relay, as a process does that dies right after."""
    monkeypatch.setattr(outbox.StoredMessages, "send", lambda stored: None)


def reaches(result: AsyncResult[Any], *states: str) -> str:
    return eventually(lambda: (state := result.state) in states and state)


def flush_worker() -> None:
    """Wait until the worker has run all that was sent before."""
    add.delay(1, 1).get()


@contextmanager
def busy_worker() -> Iterator[None]:
    """Keep all four threads of the worker busy."""
    names = [uuid.uuid4().hex for _ in range(4)]
    results = [tasks.wait_for.delay(name) for name in names]
    for result in results:
        reaches(result, "running")
    try:
        yield
    finally:
        for name in names:
            tasks.trace(name).touch()


def test_a_queued_message_that_is_revoked_never_runs(worker, name):
    with busy_worker():
        result = tasks.expose.delay(0, name)
        noted = tasks.note.delay(name)

        said = {result.revoke(), noted.revoke()}

    flush_worker()
    assert said <= {"revoked", "asked"}
    assert reaches(result, "revoked", "succeeded") == "revoked"
    assert reaches(noted, "revoked", "succeeded") == "revoked"
    assert result.attempts == 0
    assert not tasks.trace(name).exists()
    with pytest.raises(Revoked, match=r"^expose .* was revoked"):
        result.get()


def test_what_no_worker_has_taken_is_revoked_at_once(valkey, queue_length, transactional_db):
    queued, delayed = add.delay(1, 2), add.apply_async((1, 2), countdown=60)
    urgent = add.apply_async((1, 2), priority=5)

    assert [each.revoke() for each in (queued, delayed, urgent)] == ["revoked"] * 3

    assert [each.state for each in (queued, delayed, urgent)] == ["revoked"] * 3
    assert queue_length("default") == 0
    assert client().zcard("unattended:default.delayed") == 0
    assert client().zcard("unattended:default.prio") == 0


def test_a_delayed_message_that_is_revoked_never_runs(worker, name):
    result = tasks.note.apply_async((name,), countdown=0.3)

    assert result.revoke() == "revoked"

    assert add.apply_async((1, 2), countdown=0.4).get() == 3
    assert not tasks.trace(name).exists()


def test_a_message_that_is_tried_again_and_is_revoked_is_not(worker, name):
    result = tasks.try_until.delay(name)
    reaches(result, "retrying")
    tasks.trace(name).touch()

    assert result.revoke() in ("revoked", "asked")

    assert reaches(result, "revoked", "succeeded") == "revoked"
    assert result.info().attempts >= 1
    assert not DeadLetter.objects.filter(pk=result.id).exists()


@pytest.mark.parametrize("actor", [tasks.wait_for, tasks.await_for])
def test_a_running_message_is_interrupted_and_is_no_dead_letter(worker, name, actor):
    result = actor.delay(name)
    reaches(result, "running")

    begun = time.monotonic()
    assert result.revoke() == "asked"

    assert reaches(result, "revoked") == "revoked"
    in_time(time.monotonic() - begun, 3)
    assert result.attempts == 1
    assert not DeadLetter.objects.filter(pk=result.id).exists()
    with pytest.raises(Revoked):
        result.get()


@pytest.fixture
def nobody_listens(worker: None) -> Iterator[Callable[[], None]]:
    """The worker's control channel is down; what it gives lets the worker listen again."""
    admin = client()
    admin.acl_setuser("default", enabled=True, commands=["-subscribe"])
    admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
    eventually(lambda: admin.pubsub_numsub("dramatiq:__control__")[0][1] == 0)

    def listen() -> None:
        admin.acl_setuser("default", enabled=True, commands=["+subscribe"])

    yield listen
    listen()


def test_a_revocation_that_nobody_heard_is_told_with_the_next_sign_of_life(
    worker, name, nobody_listens
):
    result = tasks.wait_for.delay(name)
    reaches(result, "running")

    assert result.revoke() == "asked"
    nobody_listens()

    assert reaches(result, "revoked") == "revoked"
    eventually(lambda: not client().keys("dramatiq:__revoked__:*"), what="it is forgotten")


def test_a_revocation_meets_the_delivery_that_it_meant_and_no_other(valkey, name):
    result, space = tasks.note.delay(name), "unattended"
    keep = scripts.KEEP(space, "worker", 10, 1000, 1000, "default")
    lines.call(*keep, action="keep")
    lines.call(*scripts.FETCH(space, "default", "worker", "1", 1, 1, 0), action="fetch")

    assert result.revoke() == "asked"
    assert lines.call(*keep, action="keep") == [-1, b"1", result.id.encode()]

    client().hset(f"{space}:__held__:worker", result.id, "2:0:default")
    assert lines.call(*keep, action="keep") == [-1]
    assert not client().exists(f"{space}:__revoked__:worker")


def test_an_interruption_that_comes_late_withdraws_no_other_message():
    broker, life = dramatiq.get_broker(), Life()
    message = Message("default", "add", (1, 2), {}, {})
    revoked, other = (Delivery(message, name, "default", "1") for name in ("revoked", "other"))
    revoked.is_revoked = True

    for delivery in (revoked, other):
        life.after_process_message(broker, delivery, exception=RevokedWhileRunning())
    finish_end()

    assert (revoked.withdrawn, other.withdrawn) == ("revoked", "")


def test_a_message_that_has_ended_stays_as_it_is(worker):
    result = add.delay(4, 5)
    result.get()

    assert result.revoke() == "ended"

    assert result.get() == 9


def test_an_id_that_nobody_knows_is_unknown(valkey, db):
    assert AsyncResult(uuid.uuid4()).revoke() == "unknown"
    assert AsyncResult("no-uuid").revoke() == "unknown"


def test_a_stored_message_that_is_revoked_is_never_sent(worker, name, held_back):
    result = tasks.note.delay_on_commit(name)

    assert AsyncResult(result.id).revoke() == "revoked"

    assert not OutboxMessage.objects.exists()
    assert result.state == "revoked"


async def test_the_coroutine_twin_revokes_a_stored_message_too(worker, name, held_back):
    result = await tasks.note.adelay_on_commit(name)

    assert await AsyncResult[None](result.id).arevoke() == "revoked"

    assert not await OutboxMessage.objects.aexists()
    assert await result.astate() == "revoked"


def test_one_that_is_revoked_in_its_own_transaction_does_not_leave_with_it(worker, name):
    with transaction.atomic():
        result = tasks.note.delay_on_commit(name)
        said = result.revoke()

    flush_worker()
    assert said == "revoked"
    assert result.state == "revoked"
    assert not tasks.trace(name).exists()


def test_a_relay_that_is_at_it_is_refused(worker, name, held_back, monkeypatch):
    result = tasks.note.delay_on_commit(name)
    send, said = relaying._send_claimed, []

    def revoked_meanwhile(rows: list[Any]) -> int:
        said.append(result.revoke())
        return send(rows)

    monkeypatch.setattr(relaying, "_send_claimed", revoked_meanwhile)
    monkeypatch.setattr(relaying, "GRACE", timedelta(0))
    sent = outbox.relay()

    flush_worker()
    assert (sent, said) == (1, ["revoked"])
    assert result.state == "revoked"
    assert not tasks.trace(name).exists()


def test_what_a_dead_worker_held_does_not_run_again_once_revoked(valkey, name):
    result = tasks.note.delay(name)
    namespace, key = "unattended", "unattended:default"
    client().hset(f"{namespace}:__held__:dead", result.id, "1:0:default")
    client().zadd(f"{namespace}:__workers__", {"dead": 1})
    client().delete(key)

    assert result.revoke() == "asked"
    reap = scripts.REAP(namespace, 1000, 10)
    answer = lines.call(*reap, action="reap")

    assert answer == [b"dead", 1, 0]
    assert result.state == "revoked"
    assert not client().exists(f"{key}.msgs", f"{key}.suspects", f"{key}.deaths")


def test_what_a_worker_gives_back_does_not_run_again_once_revoked(valkey, name):
    result = tasks.note.delay(name)
    namespace, key = "unattended", "unattended:default"
    client().hset(f"{namespace}:__held__:other", result.id, "1:0:default")
    client().zadd(f"{namespace}:__workers__", {"other": 1})
    client().delete(key)

    assert result.revoke() == "asked"
    back = scripts.GIVE_BACK(namespace, "other", "default", result.id, "1")

    assert lines.call(*back, action="give back") == 1
    assert result.state == "revoked"
    assert not client().exists(f"{key}.msgs", key)
