"""A program that is niced stands back behind other sessions, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
