"""Fixtures with a real Valkey and a real worker process, on this process's test database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dramatiq
import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connections

from actors.connection import client
from actors.outbox import storing
from actors.outbox.breaker import Breaker
from tests import relay_lock
from tests.valkey_server import ValkeyServer
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """The embedded server of the tests' data directory, found by the settings as ever."""
    server = ValkeyServer(Path(settings.DATA_DIR))
    server.start()
    yield server
    client().close()
    server.stop()


@pytest.fixture
def valkey(valkey_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty Valkey, in a namespace that no worker looks at: what is sent stays in its queue."""
    monkeypatch.setattr(dramatiq.get_broker(), "namespace", "unattended")
    # What an earlier test's outage has taught is not this one's.
    monkeypatch.setattr(storing, "breaker", Breaker())
    client().flushall()
    yield
    client().flushall()


@pytest.fixture(scope="session")
def worker_process(
    valkey_server: ValkeyServer, django_db_setup: None
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of `rundramatiq`, as `make run` starts two."""
    log_path = Path(settings.DATA_DIR) / "worker.log"
    with log_path.open("wb") as log:
        process = start_worker(log)
        try:
            eventually(lambda: b"ready for action" in log_path.read_bytes(), within=60)
            yield process
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def worker(
    worker_process: subprocess.Popen[bytes],
    valkey: None,
    transactional_db: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """A worker, with an empty Valkey and committed rows."""
    monkeypatch.setattr(dramatiq.get_broker(), "namespace", "dramatiq")
    yield
    # The thread of `sync_to_async` outlives the test, and so would its connection.
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture
def no_other_relay() -> Iterator[None]:
    """Holds up the relay of a worker that an earlier test has started: it sees the rows, too."""
    with relay_lock.held():
        yield


@pytest.fixture
def queue_length(valkey: None) -> Callable[[str], int]:
    """How many messages wait in a queue."""
    return lambda queue: int(client().hlen(f"{dramatiq.get_broker().namespace}:{queue}.msgs"))


def start_worker(log: object) -> subprocess.Popen[bytes]:
    """Start a worker process on this process's data."""
    environment = {
        **os.environ,
        "DARKROOM_TEST_DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "manage.py", "rundramatiq", "--processes", "1", "--threads", "4"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, with Django set up on this process's data."""
    environment = {
        **os.environ,
        "DARKROOM_TEST_DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
