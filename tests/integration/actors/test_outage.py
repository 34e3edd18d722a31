"""Commits while Redis is away: one waits for it, all are kept, and the relay says so once."""

from __future__ import annotations

import os
import signal
import time

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction

from actors import outbox
from actors.arithmetic import add
from actors.connection import client
from actors.models import OutboxMessage
from actors.outbox import dispatch, loop, relaying
from actors.outbox.breaker import PAUSE_S
from actors.outbox.loop import RelayThread
from tests.waiting import eventually

COMMITS = 20


@pytest.fixture
def frozen_redis(valkey, valkey_server):
    """A server that takes connections and says nothing; `thaw()` ends that."""
    process = valkey_server._process
    os.kill(process.pid, signal.SIGSTOP)
    yield lambda: os.kill(process.pid, signal.SIGCONT)
    os.kill(process.pid, signal.SIGCONT)
    eventually(client().ping)


@pytest.fixture
def waits(monkeypatch):
    """Each send that waits for Redis."""
    send, waits = dispatch.send, []
    monkeypatch.setattr(dispatch, "send", lambda some: (waits.append(some), send(some)))
    return waits


def commit_many() -> float:
    """Commit messages one after another; return the seconds it took."""
    started = time.monotonic()
    for number in range(COMMITS):
        with transaction.atomic():
            add.delay(number, 1)
    return time.monotonic() - started


def most_waits(took_s: float) -> float:
    """How many may have waited: one, and one more each time that the breaker lets one try."""
    return 1 + took_s // (PAUSE_S + settings.ACTORS_SEND_TIMEOUT_S)


def test_of_many_commits_one_waits_for_redis(frozen_redis, transactional_db, waits, caplog):
    took_s = commit_many()

    assert 1 <= len(waits) <= most_waits(took_s)
    assert OutboxMessage.objects.count() == COMMITS
    assert caplog.text.count("Left to the relay") == 1


async def test_of_many_durable_sends_of_coroutines_one_waits(frozen_redis, transactional_db, waits):
    started = time.monotonic()
    for number in range(COMMITS):
        await add.adelay_on_commit(number, 1)
    took_s = time.monotonic() - started

    assert 1 <= len(waits) <= most_waits(took_s)
    assert await sync_to_async(OutboxMessage.objects.count)() == COMMITS


def test_once_redis_is_back_commits_send_at_once_again(
    frozen_redis, transactional_db, queue_length, caplog
):
    commit_many()
    frozen_redis()

    def is_sent() -> bool:
        return outbox.store(add.message(1, 2), due_at=None).is_sent

    eventually(is_sent, within=5)
    assert is_sent()
    assert caplog.text.count("Redis is back: messages leave at their commit again.") == 1


@pytest.fixture
def relay_thread(valkey, transactional_db, no_other_relay, monkeypatch):
    """The thread of a worker's relay, quick, in this process."""
    monkeypatch.setattr(relaying, "GRACE", relaying.timedelta(0))
    monkeypatch.setattr(loop, "INTERVAL_S", 0.02)
    monkeypatch.setattr(loop, "MAX_PAUSE_S", 0.05)
    thread = RelayThread()
    yield thread
    thread.stop()


def test_the_relay_tells_once_that_messages_wait_and_once_that_they_are_sent(
    relay_thread, valkey_server, queue_length, caplog
):
    caplog.set_level("INFO", "actors.outbox")
    valkey_server.stop()
    commit_many()
    rounds = []
    try:
        looks = relay_thread._relay_all
        relay_thread._relay_all = lambda: (rounds.append(1), looks())
        relay_thread.start()
        eventually(lambda: len(rounds) > 5)
    finally:
        valkey_server.start()

    eventually(lambda: queue_length("default") == COMMITS, within=10)
    eventually(lambda: "is sent again: Redis is back" in caplog.text)
    assert caplog.text.count("Messages wait in the outbox") == 1
    assert f"Sent {COMMITS} messages that were left" in caplog.text


def test_with_nothing_to_send_the_relay_says_nothing_of_an_outage(
    relay_thread, valkey_server, caplog
):
    valkey_server.stop()
    try:
        assert [relay_thread._round() for _ in range(2)] == [True, True]
    finally:
        valkey_server.start()

    assert caplog.text == ""
