"""The proxy itself, between a plain redis-py client and a real Valkey."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.faults.fault import LOADING
from tests.faults.proxy import Proxy
from tests.faults.resp import frame_end, frames, words
from tests.faults.scripts import FOLDER
from tests.timing import in_time
from tests.valkey_server import ValkeyServer

type Connect = Callable[..., redis.Redis]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("proxied"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def proxy(server: ValkeyServer) -> Iterator[Proxy]:
    proxy = Proxy(server.url)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture(params=[2, 3])
def connect(request: pytest.FixtureRequest, proxy: Proxy) -> Iterator[Connect]:
    """Make clients through the proxy that never try again by themselves."""
    clients = []

    def connect(**options: float) -> redis.Redis:
        once = {"retry": Retry(NoBackoff(), 0), "protocol": request.param}
        clients.append(redis.Redis.from_url(proxy.url, **once, **options))
        clients[-1].flushall()
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def names(proxy: Proxy) -> list[str]:
    return [seen.name for seen in proxy.seen]


def test_commands_are_counted_by_their_names(proxy: Proxy, connect: Connect) -> None:
    client = connect()

    with client.pipeline(transaction=True) as pipeline:
        pipeline.set("plate", "x" * 200_000).get("plate").execute()
    assert client.eval("return {1, {'a', 'b'}}", 0) == [1, [b"a", b"b"]]

    assert names(proxy)[-5:-1] == ["MULTI", "SET", "GET", "EXEC"]
    assert len({seen.connection for seen in proxy.seen}) == 1


def test_a_script_is_known_by_its_file(proxy: Proxy, connect: Connect) -> None:
    common, text = ((FOLDER / name).read_text() for name in ("_common.lua", "enqueue.lua"))

    client = connect()
    for glue in ("\n", "\n-- Put together otherwise.\n"):
        client.flushall()
        script = client.register_script(f"{common}{glue}{text}")
        client.script_flush()
        assert script(keys=["test"], args=["q", "1", "data", ""]) == 1

    assert names(proxy).count("enqueue") == 3
    assert names(proxy)[-1] == "enqueue"


@pytest.mark.parametrize(("way", "stored"), [("before", None), ("after", b"1")])
def test_a_command_is_cut_before_or_after_the_server_acts(proxy, connect, way, stored):
    client = connect()
    fault = proxy.fail("INCRBY", way, nth=2)

    client.incr("first")
    with pytest.raises(redis.ConnectionError):
        client.incr("second")

    assert fault.fired.is_set()
    assert client.get("second") == stored
    assert client.incr("third") == 1


def test_what_stands_before_it_in_one_write_is_answered(proxy: Proxy, connect: Connect) -> None:
    client = connect()
    proxy.fail("GET", "before")

    with client.pipeline(transaction=False) as pipeline, pytest.raises(redis.ConnectionError):
        pipeline.set("a", 1).get("a").set("b", 2).execute()

    assert (client.get("a"), client.get("b")) == (b"1", None)


def test_an_error_takes_the_place_of_one_answer(proxy: Proxy, connect: Connect) -> None:
    client = connect()
    proxy.fail("SET", "error")
    proxy.fail("GET", "error", error=LOADING)

    with pytest.raises(redis.ResponseError, match="command not allowed"):
        client.set("a", 1)
    with pytest.raises(redis.BusyLoadingError):
        client.get("a")

    assert client.get("a") is None
    assert client.set("a", 1)


def test_a_frozen_answer_comes_late_and_once(proxy: Proxy, connect: Connect) -> None:
    client = connect()
    proxy.fail("", "freeze", nth=2, freeze_s=0.2)

    begun = time.monotonic()
    client.set("a", 1)
    in_time(time.monotonic() - begun, 0.15)
    assert client.get("a") == b"1"

    assert time.monotonic() - begun > 0.2
    assert client.get("a") == b"1"
    in_time(time.monotonic() - begun, 0.4)


def test_a_subscription_passes_and_is_counted(proxy: Proxy, connect: Connect) -> None:
    client = connect()
    channels = client.pubsub()
    channels.subscribe("one", "two")
    told = [channels.get_message(timeout=2) for _ in range(2)]

    client.publish("two", "hello")

    assert [event["type"] for event in told if event] == ["subscribe"] * 2
    assert (channels.get_message(timeout=2) or {})["data"] == b"hello"
    channels.close()


def test_all_connections_can_be_cut(proxy: Proxy, connect: Connect) -> None:
    client = connect()
    client.ping()

    proxy.cut()

    assert client.ping()
    assert proxy.seen[-1].connection == 2


def test_frames_are_found_whole_in_any_chunk() -> None:
    stream = b"*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n%1\r\n+a\r\n:1\r\n|1\r\n+k\r\n+v\r\n_\r\n$-1\r\n"
    found: list[bytes] = []

    unread = bytearray()
    for byte in stream:
        unread.append(byte)
        found += frames(unread)

    assert b"".join(found) == stream
    assert [frame[:1] for frame in found] == [b"*", b"%", b"|", b"$"]
    assert words(found[0]) == [b"GET", b"\r\n"]
    assert frame_end(b"$5\r\nabc", 0) is None
