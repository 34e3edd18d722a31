"""Runs the tests that use this process's own database once more, on PostgreSQL.

`python -m tests.on_postgres [pytest options]`. The acceptance tests' own processes run on both
databases anyway.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.acceptance.postgres import Postgres

PATHS = (
    "tests/integration/actors",
    "tests/integration/test_api.py",
    "tests/integration/test_batches.py",
    "tests/integration/test_notices.py",
    "tests/integration/test_stale.py",
    "tests/integration/test_contents.py",
    "tests/integration/test_stages.py",
    "tests/integration/test_focal_points.py",
    "tests/integration/test_import_commands.py",
    "tests/integration/test_uploads.py",
    "tests/acceptance/test_celery_tutorial.py",
)
#: Their subject is Redis and the worker; the database is beside it.
REDIS_ALONE = (
    *("chains", "delays", "delivery", "failures", "idle_worker", "prefetch", "priority"),
    *("progress", "reference", "server", "stopping", "waiting", "wire"),
)
#: pytest's exit status where the options chose no test.
NO_TESTS = 5


def main() -> int:
    """Return the exit status."""
    try:
        cluster = Postgres()
    except pytest.skip.Exception as missing:
        print(f"Not run on PostgreSQL: {missing}")
        return 0
    except pytest.fail.Exception as missing:
        print(missing)
        return 1
    cluster.start()
    try:
        print("Once more on PostgreSQL:", flush=True)
        environment = os.environ | {"DATABASE_URL": cluster.new_database()}
        beside = [f"--ignore=tests/integration/actors/test_{each}.py" for each in REDIS_ALONE]
        # The cluster goes as a whole. To drop its database alone, all must have closed theirs.
        command = [sys.executable, "-m", "pytest", "--reuse-db", *PATHS, *beside, *sys.argv[1:]]
        status = subprocess.run(command, env=environment, check=False).returncode
    finally:
        cluster.stop()
    return 0 if status == NO_TESTS else status


if __name__ == "__main__":
    sys.exit(main())
