"""The data folder that each run of ours copies: migrated once, since that takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.queues import ROOT

#: Names that folder to the runs.
TEMPLATE_VARIABLE = "BENCHMARK_DATA_TEMPLATE"
#: What a person may have set for Darkroom itself.
FOREIGN = ("DATABASE_URL", "MAIL_URL", "STORAGE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG")


def make_template(folder: Path) -> None:
    """Migrate a database there, and name the folder to the processes started from here on."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    folder.mkdir()
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "DEVELOPMENT": "1",
        "DJANGO_SETTINGS_MODULE": "benchmarks.queues.settings",
    }
    command = (sys.executable, "manage.py", "migrate", "--verbosity", "0")
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    os.environ[TEMPLATE_VARIABLE] = str(folder)
