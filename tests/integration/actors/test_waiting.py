"""Waiting for ends: any number on one connection, to the millisecond, also over a restart."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from dramatiq import Message

from actors import AsyncResult, ResultTimeout, records
from actors.connection import client
from actors.wire import lines, links, scripts
from tests.timing import in_time
from tests.valkey_server import ValkeyServer
from tests.waiting import eventually

#: Waiters at once; ten thousand of them are a matter of the benchmark.
MANY = 2_000
#: Seconds that a busy machine may add to a timeout of 50 ms of tolerance.
NOISE_S = 0.1


@pytest.fixture
def own_server(tmp_path: Path, settings: Any) -> Iterator[ValkeyServer]:
    """A server of the test's own, which the settings name."""
    server = ValkeyServer(tmp_path)
    server.start()
    settings.ACTORS_REDIS_URL = server.url
    yield server
    server.stop()


def new() -> AsyncResult[Any]:
    return AsyncResult(uuid.uuid4())


def end(result: AsyncResult[Any], value: Any) -> None:
    """End a message as a worker does."""
    message = Message("default", "anybody", (), {}, {}, result.id)
    records.store(message, "succeeded", 60_000, result=value)


def waits_there(result: AsyncResult[Any]) -> bool:
    """Whether Redis would tell somebody of its end."""
    channel = records.channel(result.id)
    return bool(lines.call("PUBSUB", "NUMSUB", channel, action="look")[1])


async def until(look: Callable[[], Any]) -> None:
    await asyncio.to_thread(eventually, look)


async def until_it_waits(result: AsyncResult[Any]) -> None:
    """Wait until it would be told, and has the answer to its first look: answers keep the order."""
    await until(lambda: waits_there(result))
    await links.link().call("PING", action="look")


async def test_a_timeout_is_exact(valkey):
    begun = time.monotonic()

    with pytest.raises(ResultTimeout):
        await new().aget(timeout=0.25)

    took_s = time.monotonic() - begun
    assert took_s >= 0.25
    in_time(took_s, 0.3 + NOISE_S)


def test_a_timeout_of_a_thread_is_exact(valkey):
    with pytest.raises(ResultTimeout):
        new().get(timeout=0.01)
    begun = time.monotonic()

    with pytest.raises(ResultTimeout):
        new().get(timeout=0.25)

    took_s = time.monotonic() - begun
    assert took_s >= 0.25
    in_time(took_s, 0.3 + NOISE_S)


async def test_no_time_at_all_looks_once(valkey):
    result = new()
    with pytest.raises(ResultTimeout):
        await result.aget(timeout=0)
    await asyncio.to_thread(end, result, 1)

    assert await result.aget(timeout=0) == 1
    assert not links.link().subscriptions


async def test_a_cancelled_waiter_leaves_nothing_behind(valkey):
    result = new()
    waiter = asyncio.create_task(result.aget(None))
    await until_it_waits(result)

    waiter.cancel()
    await asyncio.wait([waiter])

    assert not links.link().subscriptions
    await until(lambda: not waits_there(result))


async def test_a_waiter_that_is_cancelled_leaves_the_others_in_place(valkey):
    result = new()
    one, other = (asyncio.create_task(result.aget(5)) for _ in range(2))
    await until_it_waits(result)

    one.cancel()
    await asyncio.to_thread(end, result, 1)

    assert await other == 1
    assert not links.link().subscriptions


async def test_thousands_wait_on_one_connection(own_server):
    results = [new() for _ in range(MANY)]
    waiters = [asyncio.create_task(result.aget(30)) for result in results]
    await until_it_waits(results[-1])

    ours = [each for each in clients(own_server) if int(each["sub"])]
    await asyncio.to_thread(lambda: [end(each, n) for n, each in enumerate(results)])

    assert len(ours) == 1
    assert int(ours[0]["sub"]) == MANY
    assert await asyncio.gather(*waiters) == list(range(MANY))
    assert not links.link().subscriptions


def test_threads_that_wait_share_one_connection(own_server):
    results = [new() for _ in range(30)]
    with ThreadPoolExecutor(len(results)) as threads:
        values = [threads.submit(result.get, 10) for result in results]
        eventually(lambda: all(waits_there(result) for result in results))

        subscribed = [each for each in clients(own_server) if int(each["sub"])]
        for number, result in enumerate(results):
            end(result, number)

        assert [value.result() for value in values] == list(range(len(results)))
    assert len(subscribed) == 1


async def test_an_end_while_redis_is_away_from_the_waiter_wakes_it(own_server):
    results = [new() for _ in range(50)]
    waiters = [asyncio.create_task(result.aget(20)) for result in results]
    await until_it_waits(results[-1])

    for number, result in enumerate(results):
        own_server.kill()
        own_server.start()
        # In the same turn of the loop: nobody here has noticed yet, so nobody hears of it.
        end(result, number)
        if number == 2:
            break
    for number, result in enumerate(results[3:], start=3):
        await asyncio.to_thread(end, result, number)

    assert await asyncio.gather(*waiters) == list(range(50))


async def test_an_outage_is_no_end_of_the_wait(own_server):
    result = new()
    waiter = asyncio.create_task(result.aget(20))
    await until_it_waits(result)

    own_server.stop()
    await asyncio.sleep(1.5)
    assert not waiter.done()
    await asyncio.to_thread(own_server.start)
    await until_it_waits(result)
    await asyncio.to_thread(end, result, "late")

    assert await waiter == "late"


async def test_a_waiter_outlives_a_redis_that_is_back_and_does_not_answer_yet(own_server):
    result = new()
    waiter = asyncio.create_task(result.aget(20))
    await until_it_waits(result)
    own_server.kill()
    own_server.start()
    end(result, "found")
    admin = redis.Redis.from_url(own_server.url)
    admin.acl_setuser("default", commands=["-get"], enabled=True)

    await until_it_waits(result)
    await asyncio.sleep(0.3)
    assert not waiter.done()
    admin.acl_setuser("default", commands=["+get"], enabled=True)
    admin.close()

    assert await waiter == "found"


async def test_events_go_on_after_a_restart(own_server, monkeypatch):
    result = new()
    seen: list[str] = []

    async def watch() -> None:
        async for info in result.events():
            seen.append(info.state)

    watching = asyncio.create_task(watch())
    await until(lambda: bool(seen))
    own_server.kill()
    own_server.start()
    end(result, 1)
    await asyncio.wait_for(watching, 10)

    assert seen == ["unknown", "succeeded"]


async def test_a_value_that_looks_like_a_retry_wakes_its_waiter(valkey):
    value = {"state": "retrying", "ended": 1}
    result = new()
    waiter = asyncio.create_task(result.aget(5))
    await until_it_waits(result)

    await asyncio.to_thread(end, result, value)

    assert await waiter == value


def test_the_late_end_of_what_was_taken_back_changes_nothing(valkey, queue_length):
    from actors.arithmetic import add

    result, space = add.delay(1, 2), "unattended"
    lines.call(*scripts.FETCH(space, "default", "slow", "1", 1, 1, 0), action="fetch")
    lines.call(*scripts.GIVE_BACK(space, "slow", "default", result.id, "1"), action="give back")
    lines.call(*scripts.FETCH(space, "default", "other", "1", 1, 1, 0), action="fetch")
    before = snapshot()

    record = b'{"state":"succeeded","ended":1,"result":3}'
    late = scripts.END(
        space, "slow", "default", result.id, "1", "done", result.id, record, 60_000, 0
    )
    answer = lines.call(*late, action="end")

    assert answer == [0]
    assert snapshot() == before
    assert queue_length("default") == 1


def test_loops_that_are_over_are_forgotten(valkey):
    for _ in range(5):
        assert asyncio.run(AsyncResult(uuid.uuid4()).aready()) is False
    gc.collect()

    alive = [each for each in gc.get_objects() if isinstance(each, links.Link)]
    assert sum(link.loop.is_closed() for link in alive) <= 1


def test_loops_of_several_threads_wait_at_once(valkey):
    result, values = new(), []

    def wait() -> None:
        values.append(asyncio.run(AsyncResult(result.id).aget(10)))

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    channel = records.channel(result.id)
    eventually(lambda: lines.call("PUBSUB", "NUMSUB", channel, action="look")[1] == 4)
    end(result, "plate")
    for thread in threads:
        thread.join(10)

    assert values == ["plate"] * 4


def clients(server: ValkeyServer) -> list[dict[str, str]]:
    admin = redis.Redis.from_url(server.url)
    try:
        return list(admin.client_list())
    finally:
        admin.close()


def snapshot() -> dict[bytes, Any]:
    """All that Redis keeps."""
    return {key: client().dump(key) for key in sorted(client().keys("*"))}
