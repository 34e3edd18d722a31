"""The database of a site under faults: SQLite, a PostgreSQL of the suite's own, or a person's."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import ClassVar

import psycopg

from tests.acceptance.postgres import Postgres

#: What PostgreSQL confirms survives its process, though not the machine: the cluster is temporary.
_OPTIONS = "-c fsync=off -c full_page_writes=off -c max_connections=200"
_TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Database:
    """What all of them are. `faults`: the names of what can be done to one."""

    name = "given"
    url = ""
    faults: ClassVar[frozenset[str]] = frozenset()

    def start(self) -> None:
        """Make it ready and empty."""

    def stop(self) -> None:
        """Throw it away, where it is ours."""


class Sqlite(Database):
    """The file in the site's data directory."""

    name = "sqlite"
    faults = frozenset({"database locked"})

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "db.sqlite3"

    def lock(self, seconds: float) -> None:
        """Hold the lock that excludes every other writer."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()


class GivenPostgres(Database):
    """A person's own. Its database must be empty, and stays with what the suite wrote."""

    name = "postgres"
    faults = frozenset({"database connections ended"})

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        """Refuse one that holds somebody's rows.

        Raises:
            SystemExit: It does.
        """
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT to_regclass('media_app_user')").fetchone()
        if found and found[0]:
            raise SystemExit("DATABASE_URL names a database in use; the suite needs an empty one.")

    def end_connections(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_TERMINATE)


class OwnPostgres(GivenPostgres):
    """A cluster that the suite starts, stops, and throws away."""

    faults = frozenset({"database connections ended", "database gone"})

    def __init__(self) -> None:
        self._cluster = Postgres(options=_OPTIONS)

    def start(self) -> None:
        self._cluster.start()
        self.url = self._cluster.new_database()

    def stop(self) -> None:
        self._cluster.stop()

    def be_gone(self, seconds: float) -> None:
        """End as in a crash, and be away for that long."""
        self._cluster.halt()
        time.sleep(seconds)
        self._cluster.launch()
