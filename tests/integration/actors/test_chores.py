"""What the workers tidy beside the sweep."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as all_settings
from django.core.files.storage import default_storage

from actors import chores, sweeper
from media_app import orphans, tidying
from tests.waiting import eventually


@pytest.fixture
def sweep(
    valkey: None, transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractContextManager[None]]:
    """Runs a sweep in a thread of this process, ten rounds a second; with no chores yet."""
    settings.ACTORS_SWEEP_INTERVAL_S = 0.1
    monkeypatch.setattr(chores, "_steps", {})

    @contextmanager
    def run() -> Iterator[None]:
        middleware: Any = sweeper.Sweep()
        middleware.after_worker_boot(None, None)
        try:
            yield
        finally:
            middleware.before_worker_shutdown(None, None)

    return run


def test_a_chore_is_done_again_while_there_is_more_and_one_that_fails_stops_no_other(sweep, caplog):
    def fail() -> bool:
        raise LookupError("no such file")

    left = [False, True, True]
    chores.register("fails first", fail)
    chores.register("second", lambda: bool(left) and left.pop())

    with sweep():
        eventually(lambda: not left)

    assert "no such file" in caplog.text


def test_a_chore_without_end_leaves_the_sweep_its_turn(sweep):
    rounds: list[str] = []
    chores.register("endless", lambda: not rounds.append("endless"))
    chores.register("after it", lambda: bool(rounds.append("after it")))

    with sweep():
        eventually(lambda: rounds.count("after it") == 2)

    assert rounds.index("after it") == sweeper.REPEATED


def test_what_no_row_names_is_removed(sweep):
    long_ago = time.time() - 2 * orphans.MIN_AGE.total_seconds()
    name = default_storage.save(f"{'ab' * 32}/x.webp", BytesIO(b"left behind"))
    left_behind = Path(default_storage.path(name))
    cut_off = Path(all_settings.FILE_UPLOAD_TEMP_DIR) / "old.upload"
    cut_off.write_bytes(b"half an image")
    for path in (left_behind, cut_off):
        os.utime(path, (long_ago, long_ago))
    tidying.register()

    with sweep():
        eventually(lambda: not left_behind.exists())
        eventually(lambda: not cut_off.exists())


def test_after_the_last_of_all_contents_the_next_look_waits_for_a_day(monkeypatch):
    looks: list[str] = []
    steps = [orphans.Step(0, "aa"), orphans.Step(0, None)]

    def look(limit: int, *, after: str) -> orphans.Step:
        looks.append(after)
        return steps.pop(0)

    monkeypatch.setattr(orphans, "purge_orphans", look)
    walk = tidying.OrphanWalk()

    assert [walk.step() for _ in range(4)] == [False] * 4
    assert looks == ["", "aa"]
