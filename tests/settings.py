"""The project's settings for tests: data in a temporary folder, a cheap password hasher.

A worker process that a test starts gets DARKROOM_TEST_DATA_DIR, and so the same data: the embedded
server's socket, the files, and the test's own database.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_shared = os.environ.get("DARKROOM_TEST_DATA_DIR")
_data_dir = _shared or tempfile.mkdtemp(prefix="darkroom-test-")
if not _shared:
    atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)
os.environ["DATA_DIR"] = _data_dir
os.environ.setdefault("DEVELOPMENT", "1")

from project.settings import *  # noqa: E402, F403
from project.settings import (  # noqa: E402
    DATABASES,
    INSTALLED_APPS,
    STATIC_ROOT,
    STORAGES,
)

#: A test that wants the sweep runs it, or workers with settings for it: `tests.settings_sweeping`.
ACTORS_SWEEP_INTERVAL_S = 86_400.0

#: Most workers of tests develop nothing.
IMAGE_WARM_UP = False

STATIC_ROOT.mkdir(exist_ok=True)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.tutorial", "tests.faults"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["TEST"] = {"NAME": f"{_data_dir}/test.sqlite3"}
else:
    _database["TEST"] = {"NAME": f"test_{_database['NAME']}"}
if _shared:
    _database["NAME"] = _database["TEST"]["NAME"]
