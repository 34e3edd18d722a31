"""What is said of a Redis server that forgets: in words, and nothing where it can't be known."""

from __future__ import annotations

import pytest

from actors import server
from actors.connection import client
from actors.outbox.loop import RelayThread


@pytest.fixture
def set_up(valkey):
    """Changes the server's settings until the test ends."""
    before = {}

    def set_to(name: str, value: str) -> None:
        before.setdefault(name, client().config_get(name)[name])
        client().config_set(name, value)

    yield set_to
    for name, value in before.items():
        client().config_set(name, value)


def test_of_a_server_that_keeps_what_it_has_nothing_is_said(set_up):
    set_up("maxmemory", "100mb")
    set_up("maxmemory-policy", "noeviction")

    assert server.warnings() == []


def test_a_server_without_any_persistence_is_told_of(set_up):
    set_up("appendonly", "no")

    (said,) = server.warnings()

    assert "keeps nothing on disk" in said
    assert "`appendonly yes`" in said


def test_snapshots_are_persistence(set_up):
    set_up("appendonly", "no")
    set_up("save", "900 1")

    assert server.warnings() == []


@pytest.mark.parametrize(("most", "count"), [("100mb", 1), ("0", 0)])
def test_a_server_that_drops_keys_when_its_memory_is_full_is_told_of(set_up, most, count):
    set_up("maxmemory", most)
    set_up("maxmemory-policy", "allkeys-lru")

    said = server.warnings()

    assert len(said) == count
    assert all("maxmemory-policy allkeys-lru" in each for each in said)


def test_of_what_a_server_does_not_tell_nothing_is_said(set_up):
    set_up("appendonly", "no")
    client().acl_setuser("default", enabled=True, nopass=True, commands=["+@all", "-config"])
    try:
        said = server.warnings()
    finally:
        client().acl_setuser("default", enabled=True, nopass=True, commands=["+@all"])

    assert said == []


def test_a_worker_says_it_once(set_up, transactional_db, caplog):
    set_up("appendonly", "no")
    thread = RelayThread()

    thread._round()
    thread._look_at = 0.0
    thread._round()

    assert caplog.text.count("keeps nothing on disk") == 1
