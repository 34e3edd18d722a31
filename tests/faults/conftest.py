"""Fixtures of the fault suites, and a report of what they measured at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults import size
from tests.faults.rig import Rig
from tests.faults.stage import Stage

_LINES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the report."""
    return request.config.stash.setdefault(_LINES, []).append


@pytest.fixture(scope="session")
def started_stage(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Stage]:
    """One worker and one sender behind proxies, for many cases."""
    stage = Stage(tmp_path_factory.mktemp("faults"), "tests.faults.settings")
    yield stage
    stage.stop()


@pytest.fixture
def stage(started_stage: Stage, transactional_db: None) -> Iterator[Stage]:
    """The same, for one test."""
    yield started_stage
    started_stage.disarm()
    started_stage.clear()


@pytest.fixture(scope="session")
def started_rig(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Rig]:
    """A server, a sender and two workers."""
    rig = Rig(tmp_path_factory.mktemp("rig"), size.SETTINGS)
    rig.start_sender()
    for _ in range(2):
        rig.start_worker()
    for worker in rig.workers:
        worker.wait_until_ready()
    yield rig
    rig.stop()


@pytest.fixture
def rig(started_rig: Rig, transactional_db: None) -> Iterator[Rig]:
    """The same, for one test; what the server confirms is on its disk."""
    started_rig.redis.config_set("appendfsync", "always")
    yield started_rig
    started_rig.server.thaw()
    started_rig.server.start()
    started_rig.redis.flushall()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print it."""
    if lines := config.stash.get(_LINES, []):
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)
