"""A program that is niced stands back behind other sessions, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import pictures

needs_autogroups = pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="only Linux groups by session"
)
SHOW = "import os; print(os.nice(0), open('/proc/self/autogroup').read().split()[-1])"


@needs_autogroups
def test_the_niceness_of_a_program_is_its_sessions():
    command = [sys.executable, "-m", "project.niceness", "7", sys.executable, "-c", SHOW]

    shown = subprocess.run(command, capture_output=True, text=True, start_new_session=True)

    nice = str(min(os.nice(0) + 7, 19))
    assert shown.stdout.split() == [nice, nice]


def test_its_exit_status_is_the_commands():
    command = [sys.executable, "-m", "project.niceness", "1", sys.executable, "-c", "exit(3)"]

    assert subprocess.run(command, check=False).returncode == 3


DEVELOPS = """
import sys
from pathlib import Path
from media_app.imaging import Developer, Order
from media_app.presets import Stage

developer = Developer(memory_bytes=500_000_000, deadline_s=20)
for stages in [Stage.FIRST], [Stage.READY], [Stage.FIRST]:
    developer.develop(sys.argv[1], Order(table=(("small", 32, "webp jpeg"),), stages=tuple(stages)))
    print(Path(f"/proc/{developer.pid}/autogroup").read_text().split()[-1])
developer.close()
"""


@needs_autogroups
def test_a_preview_does_not_stand_back_and_all_else_that_is_developed_does(tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(pictures.small())
    command = [sys.executable, "-m", "project.niceness", "7", sys.executable, "-c", DEVELOPS]

    shown = subprocess.run([*command, str(photo)], capture_output=True, text=True, check=True)

    nice = str(min(os.nice(0) + 7, 19))
    assert shown.stdout.split() == ["0", nice, "0"]
