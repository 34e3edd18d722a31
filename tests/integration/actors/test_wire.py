"""Our own connections: any address, many loops and threads, forks, forgotten scripts."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from asgiref.sync import async_to_sync

from actors import AsyncResult, BrokerUnavailable
from actors.arithmetic import add
from actors.broker import RedisBroker
from actors.connection import client
from actors.wire import lines
from actors.wire.links import link
from project.paths import embedded_socket
from tests.ports import free_port
from tests.sockets import connections_to_redis
from tests.timing import in_time
from tests.tls_proxy import TlsProxy
from tests.upstream.common import worker as worker_here
from tests.valkey_server import ValkeyServer
from tests.workers import run_python

PASSWORD = "p@ss:wörd/1"
QUOTED = "p%40ss%3Aw%C3%B6rd%2F1"


class Places:
    """Where one server is to be found."""

    def __init__(self, port: int, path: Path) -> None:
        self.port, self.path = port, path

    def url(self, form: str) -> str:
        return form.format(port=self.port, path=self.path, password=QUOTED)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A server on a port and on a socket, with users of its own."""
    folder = tmp_path_factory.mktemp("wire")
    server = ValkeyServer(folder)
    server.start()
    with redis.Redis.from_url(server.url) as admin:
        port = free_port()
        admin.config_set("port", port)
        everything = {"keys": ["*"], "channels": ["*"], "enabled": True}
        admin.acl_setuser("alice", passwords=[f"+{PASSWORD}"], commands=["+@all"], **everything)
        few = ["+@all", "-@admin", "-@dangerous", "-client"]
        admin.acl_setuser("bob", passwords=[f"+{PASSWORD}"], commands=few, **everything)
    yield Places(port, embedded_socket(folder))
    server.stop()


@pytest.fixture
def tls(places: Places, tmp_path: Path) -> Iterator[TlsProxy]:
    """The same server behind TLS."""
    proxy = TlsProxy(tmp_path, places.path)
    proxy.start()
    yield proxy
    lines.close_idle()
    proxy.stop()


FORMS = {
    "redis://127.0.0.1:{port}": ("default", 0),
    "redis://localhost:{port}/3": ("default", 3),
    "redis://localhost:{port}?db=4": ("default", 4),
    "redis://alice:{password}@127.0.0.1:{port}/2": ("alice", 2),
    "redis://bob:{password}@127.0.0.1:{port}": ("bob", 0),
    "unix://{path}": ("default", 0),
    "unix://alice:{password}@{path}?db=5": ("alice", 5),
}


@pytest.mark.parametrize(("form", "user", "db"), [(k, *v) for k, v in FORMS.items()])
async def test_any_url_of_redis_py_leads_there(places, settings, form, user, db):
    settings.ACTORS_REDIS_URL = places.url(form)
    key = uuid.uuid4().hex

    await asyncio.to_thread(lambda: lines.call("SET", key, db, action="write"))
    read, who = await asyncio.gather(
        link().call("GET", key, action="read"), link().call("ACL", "WHOAMI", action="ask")
    )

    assert (read, who) == (str(db).encode(), user.encode())
    with redis.Redis.from_url(places.url("unix://{path}"), db=db) as admin:
        assert admin.exists(key)


async def test_a_url_serves_sending_and_waiting(places, settings):
    settings.ACTORS_REDIS_URL = places.url("redis://bob:{password}@127.0.0.1:{port}/2")
    result = await add.adelay(1, 2)
    waiter = asyncio.create_task(AsyncResult[Any](result.id).aget(10))
    await asyncio.to_thread(add.delay, 3, 4)

    assert await result.astate() == "queued"
    assert await result.arevoke() == "revoked"
    with pytest.raises(Exception, match="was revoked"):
        await waiter


@pytest.mark.parametrize("form", ["redis://alice:wrong@127.0.0.1:{port}", "unix://x:y@{path}"])
async def test_a_wrong_password_is_refused_with_words(places, settings, form):
    settings.ACTORS_REDIS_URL = places.url(form)

    with pytest.raises(BrokerUnavailable, match=r"refused to look \(WRONGPASS") as caught:
        await link().call("PING", action="look")
    assert caught.value.is_refused
    with pytest.raises(BrokerUnavailable, match="WRONGPASS"):
        await asyncio.to_thread(lambda: lines.call("PING", action="look"))


async def test_tls_carries_small_and_large_answers_on_one_connection(places, settings, tls):
    settings.ACTORS_REDIS_URL = f"rediss://localhost:{tls.port}?ssl_ca_certs={tls.certificate}"
    key, large = uuid.uuid4().hex, b"x" * 3_000_000

    def by_thread() -> list[Any]:
        lines.call("SET", key, large, action="write")
        return [lines.call("GET", key, action="read") for _ in range(3)]

    assert await asyncio.to_thread(by_thread) == [large] * 3
    assert tls.accepted == 1
    gets = [link().call("GET", key, action="read") for _ in range(3)]
    assert await asyncio.gather(*gets) == [large] * 3
    assert tls.accepted == 2


async def test_tls_refuses_a_server_that_nobody_vouches_for(places, settings, tls):
    settings.ACTORS_REDIS_URL = f"rediss://localhost:{tls.port}"

    with pytest.raises(BrokerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await link().call("PING", action="look")
    with pytest.raises(BrokerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await asyncio.to_thread(lambda: lines.call("PING", action="look"))


async def test_tls_trusts_anybody_where_the_url_says_so(places, settings, tls):
    settings.ACTORS_REDIS_URL = f"rediss://alice:{QUOTED}@localhost:{tls.port}?ssl_cert_reqs=none"

    assert await link().call("ACL", "WHOAMI", action="ask") == b"alice"


def test_a_worker_works_over_tls(places, settings, tls):
    settings.ACTORS_REDIS_URL = f"rediss://localhost:{tls.port}?ssl_ca_certs={tls.certificate}"
    broker, ran = RedisBroker(namespace="over-tls"), []

    @dramatiq.actor(broker=broker)
    def record(number: int, text: str) -> None:
        ran.append(number)

    with worker_here(broker, worker_timeout=100, worker_threads=2):
        for number in range(50):
            record.send(number, "x" * 10_000)
        record.send_with_options(args=(50, ""), delay=200)
        broker.join("default", timeout=20_000)

    assert sorted(ran) == list(range(51))


async def test_a_tls_server_that_says_nothing_is_given_up_in_time(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.ACTORS_SEND_TIMEOUT_S = 0.4
        settings.ACTORS_REDIS_URL = f"rediss://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()

        with pytest.raises(BrokerUnavailable):
            lines.call("PING", action="look")
        with pytest.raises(BrokerUnavailable):
            await link().call("PING", action="look")

    took_s = time.monotonic() - begun
    assert took_s >= 0.8
    in_time(took_s, 1.2)


def test_loops_and_threads_of_one_process_all_send(valkey, queue_length):
    def with_a_loop() -> None:
        async def send() -> None:
            await asyncio.gather(*(add.adelay(n, n) for n in range(100)))

        asyncio.run(send())

    def without() -> None:
        for number in range(50):
            add.delay(number, number)

    threads = [threading.Thread(target=each) for each in (with_a_loop, without) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert queue_length("default") == 4 * 100 + 4 * 50


def test_loops_one_after_the_other_each_have_their_connection(valkey, queue_length):
    before = connections_to_redis()
    for number in range(20):
        async_to_sync(add.adelay)(number, number)
        asyncio.run(add.adelay(number, number))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(add.adelay(1, 2))
    loop.run_until_complete(add.adelay(1, 2))
    assert connections_to_redis() > before
    loop.run_until_complete(cancel_others())
    loop.close()

    assert queue_length("default") == 42
    assert connections_to_redis() == before


FORKING = """
import asyncio, os
from actors.wire import lines
from actors.wire.links import link
from actors.arithmetic import add

def ids():
    async def ask():
        await add.adelay(1, 2)
        return await link().call("CLIENT", "ID", action="ask")
    return lines.call("CLIENT", "ID", action="ask"), asyncio.run(ask())

first = ids()
read, write = os.pipe()
if not (pid := os.fork()):
    os.write(write, repr(ids()).encode())
    os._exit(0)
os.waitpid(pid, 0)
theirs = eval(os.read(read, 1000))
again = lines.call("CLIENT", "ID", action="ask")
assert again == first[0], (again, first)
assert not {*theirs} & {*first}, (theirs, first)
print("apart")
"""


def test_a_forked_process_sends_on_its_own_connections(valkey):
    ran = run_python(FORKING)

    assert ran.stdout == "apart\n", ran.stderr


async def test_a_server_that_has_forgotten_its_scripts_learns_them_again(valkey, queue_length):
    await add.adelay(0, 0)

    for flushed in range(3):
        client().script_flush()
        await asyncio.gather(*(add.adelay(n, flushed) for n in range(10)))
        client().script_flush()
        await asyncio.to_thread(add.delay, 1, 2)
        client().script_flush()
        assert (await AsyncResult[Any](uuid.uuid4()).ainfo()).state == "unknown"

    assert queue_length("default") == 1 + 3 * 11


def test_a_worker_goes_on_where_scripts_are_forgotten(worker):
    assert add.delay(1, 2).get() == 3

    for _ in range(5):
        client().script_flush()
        late = add.apply_async((2, 3), countdown=0.05)
        assert add.delay(1, 2).get() == 3
        assert late.get() == 5


async def cancel_others() -> None:
    """What `asyncio.run` does at the end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
