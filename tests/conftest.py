"""Fixtures for every kind of test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.valkey_server import ValkeyServer


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A real Valkey on a unix socket; one for all tests, so leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="dk-") as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def valkey_url(valkey: ValkeyServer) -> str:
    """The address of that server, as redis-py takes it."""
    return valkey.url
