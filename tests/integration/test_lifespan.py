from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from project import closing
from project.lifespan import with_lifespan
from tests.ports import free_port
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _open_again() -> Iterator[None]:
    yield
    closing.reopen()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_plain_uvicorn_stops_at_once_though_a_stream_is_open(
    tmp_path: Path, workers: str, number: signal.Signals
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["uvicorn", "tests.integration.streaming_app:application", "--workers", workers]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATA_DIR": str(tmp_path),
    }
    log_path = tmp_path / "log"

    with (
        log_path.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            eventually(lambda: serves(url), within=20, ignoring=httpx.TransportError)
            with httpx.stream("GET", url, timeout=5) as answer:
                lines = answer.iter_lines()
                first = next(lines)
                server.send_signal(number)
                rest = list(lines)
            server.wait(5)
        finally:
            server.kill()

    assert (first, rest) == ("open", ["closed"])
    assert "Traceback" not in log_path.read_text()


def serves(url: str) -> bool:
    with httpx.stream("GET", url, timeout=2) as answer:
        return answer.status_code == 200


class Server:
    """The server's side of the lifespan protocol."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers: asyncio.Queue[str] = asyncio.Queue()
        self._live = asyncio.create_task(
            with_lifespan(nothing)({"type": "lifespan"}, self._events.get, self._send)
        )

    async def say(self, event: str) -> str:
        self._events.put_nowait({"type": event})
        return await asyncio.wait_for(self.answers.get(), 5)

    async def _send(self, event: dict[str, Any]) -> None:
        self.answers.put_nowait(event["type"])


async def nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("Only the lifespan protocol is spoken here.")


async def test_startup_and_shutdown_are_answered() -> None:
    server = Server()

    assert await server.say("lifespan.startup") == "lifespan.startup.complete"
    assert not closing.is_set()
    assert await server.say("lifespan.shutdown") == "lifespan.shutdown.complete"
    assert closing.is_set()


async def test_the_server_hears_its_signal_after_the_streams_do() -> None:
    heard: list[bool] = []
    handler = lambda *_: heard.append(closing.is_set())  # noqa: E731 - compared below
    replaced = signal.signal(signal.SIGTERM, handler)
    server = Server()
    try:
        await server.say("lifespan.startup")
        signal.raise_signal(signal.SIGTERM)
        await server.say("lifespan.shutdown")

        assert heard == [True]
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, replaced)


async def test_a_signal_that_the_server_ignores_stays_ignored() -> None:
    replaced = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = Server()
    try:
        await server.say("lifespan.startup")

        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        await server.say("lifespan.shutdown")
    finally:
        signal.signal(signal.SIGTERM, replaced)
