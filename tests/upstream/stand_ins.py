"""Fixtures under the names that Dramatiq's tests ask for: a pytest plugin for the run of them.

The broker and the backend are ours; with UPSTREAM_STOCK in the environment they are Dramatiq's
own, which proves the harness: what fails there too is no fault of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.brokers.stub import StubBroker
from dramatiq.rate_limits.backends import RedisBackend as RateLimiterBackend

from project.paths import embedded_url
from tests.upstream.apart import APART
from tests.upstream.common import worker
from tests.upstream.dead_letters import DeadLettersSeen

URL = embedded_url(Path(os.environ["DARKROOM_TEST_DATA_DIR"]))

if IS_STOCK := bool(os.environ.get("UPSTREAM_STOCK")):
    from dramatiq.brokers.redis import RedisBroker
    from dramatiq.results.backends import RedisBackend

    OPTIONS: dict[str, Any] = {"url": URL}
else:
    import django

    django.setup()
    from actors.broker import RedisBroker
    from actors.results import RedisBackend

    OPTIONS = {}


class StubBrokerOnRedis(RedisBroker):
    """Also takes what tests ask of a `StubBroker`: its dead letters, raised by `join`."""

    def __init__(self) -> None:
        super().__init__(**OPTIONS)
        self.seen = DeadLettersSeen()
        self.add_middleware(self.seen)

    @property
    def dead_letters(self) -> list[Any]:
        return self.seen.messages

    def join(self, queue_name: str, *, fail_fast: bool = True, **options: Any) -> None:
        super().join(queue_name, **options)
        if fail_fast:
            self.seen.raise_first()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what stands apart."""
    for item in items:
        if apart := APART.get(item.nodeid.rpartition("/")[2]):
            item.add_marker(pytest.mark.skip(reason=f"It {apart.why}."))


@pytest.fixture
def empty_server() -> Iterator[redis.Redis]:
    """The server, with nothing in it."""
    client = redis.Redis.from_url(URL)
    client.flushall()
    yield client
    client.close()


def in_use(broker: dramatiq.Broker) -> Iterator[dramatiq.Broker]:
    """Make it the broker that actors are declared to, as a started process has it."""
    before = dramatiq.broker.global_broker
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield broker
    broker.flush_all()
    broker.close()
    dramatiq.set_broker(before)


@pytest.fixture
def redis_broker(empty_server: redis.Redis) -> Iterator[dramatiq.Broker]:
    """The broker under test."""
    yield from in_use(RedisBroker(**OPTIONS))


@pytest.fixture(params=["stub", "redis"])
def stub_broker(
    request: pytest.FixtureRequest, empty_server: redis.Redis
) -> Iterator[dramatiq.Broker]:
    """Dramatiq's broker for tests, and then ours: these tests hold for either."""
    yield from in_use(StubBroker() if request.param == "stub" else StubBrokerOnRedis())


@pytest.fixture
def redis_worker(redis_broker: dramatiq.Broker) -> Iterator[dramatiq.Worker]:
    """A worker of the broker under test."""
    with worker(redis_broker, worker_timeout=100, worker_threads=32) as running:
        yield running


@pytest.fixture
def stub_worker(stub_broker: dramatiq.Broker) -> Iterator[dramatiq.Worker]:
    """A worker of either broker."""
    with worker(stub_broker, worker_timeout=100, worker_threads=32) as running:
        yield running


@pytest.fixture
def redis_result_backend(empty_server: redis.Redis) -> Any:
    """The result backend under test."""
    return RedisBackend(**OPTIONS)


@pytest.fixture
def result_backend(redis_result_backend: Any) -> Any:
    """The same: Dramatiq's others are not ours to test."""
    return redis_result_backend


@pytest.fixture
def rate_limiter_backend(empty_server: redis.Redis) -> RateLimiterBackend:
    """Dramatiq's own, on the same server: groups count their messages there."""
    return RateLimiterBackend(client=empty_server)
