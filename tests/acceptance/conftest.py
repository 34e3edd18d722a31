"""The real thing, for every acceptance test: servers, workers, a mailbox, both databases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Run, Stack, running
from tests.acceptance.mail_box import Mailbox
from tests.acceptance.postgres import Postgres
from tests.valkey_server import ValkeyServer


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server; all that any run sends arrives here."""
    box = Mailbox()
    box.start()
    yield box
    box.stop()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database of a run; empty for the one in its data directory."""
    if request.param == "sqlite":
        yield ""
        return
    cluster = Postgres()
    cluster.start()
    yield cluster.new_database()
    cluster.stop()


@pytest.fixture(scope="session")
def stack(database_url: str, mailbox: Mailbox) -> Iterator[Stack]:
    """Darkroom, ready, shared by all tests: leave it as healthy as you found it."""
    with tempfile.TemporaryDirectory(prefix="dk-") as folder:
        redis = ValkeyServer(Path(folder) / "redis")
        stack = Stack(
            Path(folder) / "data", redis=redis, MAIL_URL=mailbox.url, DATABASE_URL=database_url
        )
        try:
            redis.start()
            stack.start()
            stack.wait_until_ready()
            yield stack
        finally:
            stack.stop()
            redis.stop()


@pytest.fixture(scope="session")
def darkroom() -> Iterator[Run]:
    """Darkroom as a person starts it: embedded server, SQLite, mail viewer. Shared, as `stack`."""
    with running() as run:
        yield run


@pytest.fixture
def fresh_run() -> Iterator[Run]:
    """A run on an empty data directory, not started, for a test that ends it."""
    with tempfile.TemporaryDirectory(prefix="dk-") as folder:
        run = Run(Path(folder))
        try:
            yield run
        finally:
            run.stop()
