"""Large files on their way: what they cost the event loop and the memory, and who closes them."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from asgi import application
from media_app.models import ApiToken, Asset, Original, User
from tests.ports import free_port
from tests.timing import in_time
from tests.waiting import eventually
from tests.workers import ROOT

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")

CLIENTS = 20
SIZE_BYTES = 20_000_000
#: Milliseconds.
LOOP_LATE_P99_MS = 20
#: MB. What all clients together may cost: a piece each on its way from disk to socket, and threads.
MEMORY_MB = 40


@pytest.fixture
def large(ansel: User) -> Asset:
    """An image of Ansel's whose original has 20 MB, in the storage alone: no memory holds it."""
    content = os.urandom(SIZE_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    original = Original.objects.create(digest=digest, format="jpeg", size_bytes=SIZE_BYTES)
    default_storage.save(original.name, File(BytesIO(content)))
    return Asset.objects.create(
        owner=ansel, original=original, file_name="a.jpg", width=1, height=1, state="ready"
    )


@pytest.fixture
def token(ansel: User) -> str:
    return ApiToken.issue(ansel)


@pytest.fixture
def web(large: Asset) -> Iterator[str]:
    """A web process on this process's data, with a probe of its event loop."""
    port = free_port()
    command = f"-m uvicorn tests.lateness:application --port {port} --loop uvloop --http httptools"
    environment = os.environ | {
        "DARKROOM_TEST_DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    process = subprocess.Popen(
        [sys.executable, *command.split(), "--log-level", "warning"],
        cwd=ROOT,
        env=environment,
        # As the supervisor starts it: Linux shares out its processors by session.
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    eventually(
        lambda: httpx.get(f"{url}/healthz").status_code == 200,
        within=30,
        ignoring=httpx.TransportError,
        what="the web process serves",
    )
    yield url
    process.terminate()
    process.wait(10)


def fetch(url: str, path: str, token: str, pause_s: float) -> str:
    """Fetch a file, resting after each 128 KB; return the digest of what came."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    response, digest = connection.getresponse(), hashlib.sha256()
    while piece := response.read(1 << 17):
        digest.update(piece)
        time.sleep(pause_s)
    connection.close()
    return digest.hexdigest()


def probe(url: str) -> dict[str, float]:
    told: dict[str, float] = json.loads(httpx.get(f"{url}/lateness").text)
    return told


@pytest.mark.parametrize("pause_s", [0.0, 0.02], ids=["at once", "slowly"])
def test_twenty_clients_keep_neither_the_loop_nor_the_memory(web, large, token, pause_s, capsys):
    path = f"/images/{large.pk}/original"
    before, begun = probe(web), time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        fetching = [pool.submit(fetch, web, path, token, pause_s) for _ in range(CLIENTS)]
    assert {each.result() for each in fetching} == {large.original_id}
    took_s, seen = time.monotonic() - begun, probe(web)

    with capsys.disabled():
        rounded = {name: round(value, 1) for name, value in seen.items()}
        print(f"\n{CLIENTS} x 20 MB in {took_s:.1f} s: {rounded}")
    assert seen["peak_mb"] - before["peak_mb"] < MEMORY_MB
    in_time(seen["p99"], LOOP_LATE_P99_MS, "the loop was late by")


def test_answers_without_the_whole_file_leave_their_connection_usable(web, large, token):
    connection = http.client.HTTPConnection(urlsplit(web).netloc, timeout=10)
    known, whole = {"If-None-Match": f'"{large.original_id}"'}, str(SIZE_BYTES)
    seen = []
    for method, headers in (
        ("GET", known),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=-300000"}),
        ("GET", {"Range": f"bytes={SIZE_BYTES}-"}),
        ("GET", {}),
    ):
        bearer = {"Authorization": f"Bearer {token}"}
        connection.request(method, f"/images/{large.pk}/original", headers=bearer | headers)
        response = connection.getresponse()
        told = response.headers["Content-Length"]
        seen.append((response.status, told, len(response.read())))
    connection.close()

    assert seen[:3] == [(304, None, 0), (200, whole, 0), (206, "300000", 300_000)]
    assert [status for status, _, _ in seen[3:]] == [416, 200]
    assert seen[4][1:] == (whole, SIZE_BYTES)


async def test_a_client_that_goes_away_closes_the_file(large, token, monkeypatch):
    opened = opened_files(monkeypatch)
    gone = asyncio.Event()
    sent: list[int] = []

    async def receive():
        if not sent:
            sent.append(0)
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(event):
        sent.append(len(event.get("body", b"")))
        if sum(sent) > 1_000_000:
            gone.set()
            await asyncio.Event().wait()  # as a full socket would

    await application(scope_of(f"/images/{large.pk}/original", token), receive, send)

    assert sum(sent) < SIZE_BYTES
    assert [file.closed for file in opened] == [True]


async def test_a_file_is_never_opened_or_read_on_the_loop(large, token, monkeypatch):
    opened = opened_files(monkeypatch)
    sent: list[int] = []

    async def receive():
        if not sent:
            sent.append(0)
            return {"type": "http.request", "body": b"", "more_body": False}
        return await asyncio.Event().wait()

    async def send(event):
        sent.append(len(event.get("body", b"")))

    await application(scope_of(f"/images/{large.pk}/original", token), receive, send)

    assert sum(sent) == SIZE_BYTES
    assert [file.closed for file in opened] == [True]
    assert opened[0].on_the_loop == []


class WatchedFile(File):
    """Notes what is done to it on a thread with a running loop."""

    def __init__(self, file: object) -> None:
        super().__init__(file)
        self.on_the_loop: list[str] = []
        self._note("open")

    def read(self, size: int = -1) -> bytes:
        self._note("read")
        assert 0 <= size <= 1 << 20
        return self.file.read(size)

    def seek(self, *where: int) -> int:
        self._note("seek")
        return self.file.seek(*where)

    def close(self) -> None:
        self._note("close")
        super().close()

    def _note(self, what: str) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.on_the_loop.append(what)


def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[WatchedFile]:
    """What the storage opens from now on."""
    opened: list[WatchedFile] = []
    open_it: Callable[[str], File] = default_storage.open

    def watched(name: str) -> WatchedFile:
        opened.append(WatchedFile(open_it(name).file))
        return opened[-1]

    monkeypatch.setattr(default_storage, "open", watched, raising=False)
    return opened


def scope_of(path: str, token: str) -> dict[str, object]:
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
