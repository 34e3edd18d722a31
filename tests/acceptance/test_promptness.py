"""Promised bounds: how soon an upload is answered, and how late the event loop is meanwhile.

Measured while both workers develop, on whatever machine runs the tests; what was seen is printed.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests import pictures
from tests.acceptance.harness import BASE_DIR, Stack
from tests.acceptance.postgres import free_port
from tests.timing import in_time
from tests.waiting import eventually

#: Milliseconds. The promises.
ANSWER_P50_MS = 150
LOOP_LATE_P99_MS = 20
PARALLEL_UPLOADS = 20


@pytest.fixture(scope="module")
def photo() -> bytes:
    """12 megapixels, some 3 MB."""
    return pictures.photo(4000, 3000)


@pytest.fixture
def probed_url(stack: Stack) -> Iterator[str]:
    """A second web process on the stack's data, with a probe of its event loop."""
    port = free_port()
    command = f"-m uvicorn tests.lateness:application --port {port} --loop uvloop --http httptools"
    process = subprocess.Popen(
        [sys.executable, *command.split(), "--log-level", "warning"],
        cwd=BASE_DIR,
        env=stack.env | {"DEVELOPMENT": "1"},
        # As the supervisor starts it: Linux shares out its processors by session.
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: is_serving(url), within=30, what="the probed process serves")
    yield url
    process.terminate()
    process.wait(10)


def is_serving(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def post(url: str, token: str, content: bytes) -> float:
    """Upload a photo that nobody has uploaded; return the milliseconds until the answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}
    body = content + os.urandom(16)
    begun = time.perf_counter()
    connection.request("POST", "/api/images?filename=photo.jpg", body, headers)
    response = connection.getresponse()
    response.read()
    took_ms = (time.perf_counter() - begun) * 1000
    connection.close()
    assert response.status == 202
    return took_ms


def wait_until_all_are_ready(client: httpx.Client) -> None:
    def none_develops() -> bool:
        images = client.get("/api/images", params={"limit": 100}).json()["images"]
        assert "failed" not in {image["state"] for image in images}
        return all(image["state"] == "ready" for image in images)

    eventually(none_develops, within=110, what="every image is ready")


def test_an_upload_is_answered_promptly_while_the_workers_are_busy(stack, photo, capsys):
    client = stack.api("prompt@example.com")
    token = client.headers["Authorization"].split()[1]
    for _ in range(6):
        post(stack.url, token, photo)
    p50_ms = statistics.median(post(stack.url, token, photo) for _ in range(9))
    wait_until_all_are_ready(client)

    with capsys.disabled():
        print(f"\n12 MP upload answered: p50 {p50_ms:.0f} ms")
    in_time(p50_ms, ANSWER_P50_MS)


def test_the_loop_is_not_late_during_parallel_uploads(stack, probed_url, photo, capsys):
    client = stack.api("parallel@example.com")
    token = client.headers["Authorization"].split()[1]
    post(probed_url, token, photo)
    httpx.get(f"{probed_url}/lateness")
    with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
        uploads = [pool.submit(post, probed_url, token, photo) for _ in range(PARALLEL_UPLOADS)]
    assert all(upload.result() for upload in uploads)
    late_ms = json.loads(httpx.get(f"{probed_url}/lateness").text)
    wait_until_all_are_ready(client)

    with capsys.disabled():
        shown = f"p99 {late_ms['p99']:.1f}, at most {late_ms['max']:.1f} ms"
        print(f"\nloop late during {PARALLEL_UPLOADS} parallel uploads: {shown}")
    in_time(late_ms["p99"], LOOP_LATE_P99_MS, "the loop was late by")
