"""In place of those tests of Dramatiq's that read its own keys: what they promise, of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker as StockBroker
from dramatiq.common import current_millis

from actors.broker import RedisBroker
from actors.connection import client
from actors.results import RedisBackend
from actors.worker.backlog import Backlog
from tests.upstream.common import worker
from tests.valkey_server import ValkeyServer
from tests.waiting import eventually

#: More than a Lua script can unpack, which is some 8,000.
MANY = 10_000


def ours(**options: Any) -> RedisBroker:
    return RedisBroker(namespace="behaviour", **options)


@pytest.fixture
def broker(valkey: None) -> Iterator[RedisBroker]:
    """A broker with Dramatiq's middleware, on an empty server."""
    broker = ours()
    yield broker
    broker.close()


@pytest.fixture
def other_server(tmp_path: Path, settings: Any) -> Iterator[ValkeyServer]:
    """A server of the test's own, which the settings name."""
    server = ValkeyServer(tmp_path)
    server.start()
    settings.ACTORS_REDIS_URL = server.url
    yield server
    server.stop()


def message_of(name: str, **options: Any) -> dramatiq.Message[None]:
    return dramatiq.Message("default", name, (), {}, options)


def test_more_messages_than_lua_can_unpack_are_held_and_given_back(broker):
    broker.declare_queue("default")
    broker.enqueue_many((message_of("nobody"), None) for _ in range(MANY))
    consumer = broker.consume("default", prefetch=MANY, timeout=2000)
    held = [next(consumer) for _ in range(MANY)]

    consumer.requeue(held)
    consumer.close()

    waiting = client().lrange("behaviour:default", 0, -1)
    assert [held_id.decode() for held_id in waiting] == [message.message_id for message in held]


def test_failed_messages_leave_redis_after_their_time(valkey):
    broker = ours(dead_message_ttl=500, heartbeat_timeout=1000)

    @dramatiq.actor(broker=broker, max_retries=0)
    def fail() -> None:
        raise RuntimeError("as it should")

    with worker(broker, worker_timeout=100, worker_threads=1):
        fail.send()
        broker.join("default", timeout=10_000)

        assert client().exists("behaviour:default.XQ", "behaviour:default.XQ.msgs") == 2
        eventually(lambda: not client().exists("behaviour:default.XQ", "behaviour:default.XQ.msgs"))


def test_a_delayed_message_outlives_a_worker_and_runs_on_time(broker):
    ran_at = []

    @dramatiq.actor(broker=broker)
    def record() -> None:
        ran_at.append(current_millis())

    due_at = record.send_with_options(delay=2000).options["eta"]
    with worker(broker, worker_threads=1):
        pass
    with worker(broker, worker_threads=1):
        broker.join("default", timeout=10_000)

    assert len(ran_at) == 1
    assert 0 <= ran_at[0] - due_at < 1000


def test_the_broker_sends_to_the_server_of_the_settings(valkey, other_server):
    stock = StockBroker(url=other_server.url, namespace="behaviour")
    ours().enqueue(message_of("nobody"))

    assert stock.do_qsize("default") == 1
    stock.client.close()


def test_the_broker_has_a_client_for_tools(broker):
    broker.enqueue(message_of("nobody"))

    assert broker.client.llen("behaviour:default") == 1


@pytest.mark.parametrize("fails", [False, True])
def test_an_end_is_sent_again_until_redis_is_back(valkey, other_server, fails):
    broker, runs = ours(), []

    @dramatiq.actor(broker=broker, max_retries=0)
    def outlive_redis() -> None:
        other_server.kill()
        runs.append(1)
        if fails:
            raise RuntimeError("as it should")

    outlive_redis.send()
    with worker(broker, worker_timeout=100, worker_threads=1):
        eventually(lambda: runs)
        other_server.start()
        broker.join("default", timeout=20_000)

    assert runs == [1]


def test_join_waits_for_what_a_message_has_delayed(broker):
    ran = []

    @dramatiq.actor(broker=broker)
    def first() -> None:
        second.send_with_options(delay=1000)

    @dramatiq.actor(broker=broker)
    def second() -> None:
        ran.append(1)

    with worker(broker, worker_timeout=50, worker_threads=1):
        first.send()
        broker.join("default", timeout=10_000)

    assert ran == [1]


def test_a_result_that_no_worker_stored_is_found(valkey):
    backend, message = RedisBackend(), message_of("nobody")

    backend.store_result(message, 42, 60_000)

    assert backend.get_result(message) == 42
    assert backend.get_result(message, block=True) == 42


def test_one_thread_runs_messages_in_the_order_of_sending(broker):
    ran = []

    @dramatiq.actor(broker=broker)
    def record(number: int) -> None:
        ran.append(number)

    with worker(broker, worker_threads=1):
        for number in range(500):
            record.send(number)
        broker.join("default", timeout=20_000)

    assert ran == list(range(500))


def test_of_what_a_worker_has_fetched_the_actor_of_the_lower_number_runs_first():
    waiting = Backlog()
    for number in range(10):
        waiting.put(SimpleNamespace(priority=10, name=f"late {number}"))
        waiting.put(SimpleNamespace(priority=0, name=f"early {number}"))

    names = [waiting.get(timeout=1).name for _ in range(20)]

    expected = [f"{when} {number}" for when in ("early", "late") for number in range(10)]
    assert names == expected


def test_a_consumer_gives_the_message_that_was_sent(broker):
    @dramatiq.actor(broker=broker)
    def add(x: int, y: int) -> int:
        return x + y

    sent = add.send(1, 2)
    consumer = broker.consume("default", timeout=2000)

    assert next(consumer) == sent
    consumer.close()


@pytest.mark.parametrize("eta", [None, "not-a-number"])
def test_a_message_of_others_without_a_valid_eta_runs(broker, eta):
    stock = StockBroker(client=client(), namespace="behaviour")
    ran = []

    @dramatiq.actor(broker=broker)
    def record() -> None:
        ran.append(1)

    with worker(broker, worker_timeout=100, worker_threads=1):
        stock.enqueue(message_of("record", eta=eta))
        broker.join("default", timeout=10_000)

    assert ran == [1]
