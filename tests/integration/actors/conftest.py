"""A fleet for each file of tests that needs one: its server and workers are its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet import Fleet


@pytest.fixture(scope="module")
def fleet_of_module(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Fleet]:
    """A server that serves for the length of a file, and the workers that it starts."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    yield fleet
    fleet.stop()


@pytest.fixture
def fleet(fleet_of_module: Fleet, settings: Any) -> Fleet:
    """That fleet, with this process as its sender."""
    settings.ACTORS_REDIS_URL = fleet_of_module.server.url
    return fleet_of_module


@pytest.fixture
def log() -> str:
    """The name of a log that nobody has told anything."""
    return uuid.uuid4().hex
