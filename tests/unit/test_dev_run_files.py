from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.dev import run_files
from project.dev.run_files import AlreadyRunning, RunFiles
from tests.timing import in_time


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, start_new_session=True) as process:
        yield process
        process.kill()


def crashed_run(data_dir: Path, pid: int) -> None:
    """Leave the files of a run that was killed while `pid` was one of its processes."""
    files = RunFiles(data_dir, "http://127.0.0.1:1")
    files.record("worker-1", pid)
    files._lock.close()


def test_the_files_tell_who_runs(tmp_path: Path) -> None:
    files = RunFiles(tmp_path, "http://127.0.0.1:8000")

    files.record("web", os.getpid())

    state = json.loads((tmp_path / "run" / "state.json").read_text())
    assert (state["pid"], state["url"]) == (os.getpid(), "http://127.0.0.1:8000")
    assert (tmp_path / "run" / "web.pid").read_text() == f"{os.getpid()}\n"
    files.close()
    assert os.listdir(tmp_path / "run") == ["lock"]


def test_a_second_run_is_told_of_the_first(tmp_path: Path) -> None:
    first = RunFiles(tmp_path, "http://127.0.0.1:8000")

    with pytest.raises(AlreadyRunning) as refusal:
        RunFiles(tmp_path, "http://127.0.0.1:8001")

    assert str(refusal.value) == (
        f"Darkroom already runs on the data in {tmp_path} (process {os.getpid()}) at "
        "http://127.0.0.1:8000. Use that one, stop it first, or choose another folder with "
        "DATA_DIR."
    )
    first.close()
    RunFiles(tmp_path, "http://127.0.0.1:8001").close()


def test_what_an_earlier_run_left_is_ended(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "LEFTOVERS_GO_WITHIN_S", 0.2)
    crashed_run(tmp_path, sleeper.pid)

    files = RunFiles(tmp_path, "http://127.0.0.1:8000")
    files.clear_leftovers()

    assert sleeper.wait(2) == -9
    files.close()


def test_a_process_that_only_got_the_old_id_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "LEFTOVERS_GO_WITHIN_S", 0.0)
    crashed_run(tmp_path, sleeper.pid)
    path = tmp_path / "run" / "state.json"
    state = json.loads(path.read_text())
    state["processes"]["worker-1"]["birth"] = "long ago"
    path.write_text(json.dumps(state))

    files = RunFiles(tmp_path, "http://127.0.0.1:8000")
    files.clear_leftovers()

    assert sleeper.poll() is None
    files.close()


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_state_is_no_hindrance(tmp_path: Path, content: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text(content)

    files = RunFiles(tmp_path, "http://127.0.0.1:8000")
    started_at = time.monotonic()
    files.clear_leftovers()

    took_s = time.monotonic() - started_at
    files.close()
    in_time(took_s, 1)
