"""A real PostgreSQL cluster that lives as long as the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

from tests.missing import lacks
from tests.ports import free_port

#: Speed instead of durability: the cluster is thrown away.
_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


class Postgres:
    """A temporary cluster on a free loopback port; each test run gets a database of its own."""

    def __init__(self, options: str = _OPTIONS) -> None:
        self._bin = _folder_of("initdb")
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="dk-pg-"))
        # The server refuses to run as root; Debian's package makes this user.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._port = free_port()
        self._names = count(1)

    def start(self) -> None:
        if self._user:
            shutil.chown(self._folder, self._user)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        self.launch()

    def launch(self) -> None:
        """Start the server on its data."""
        data, log = str(self._folder / "data"), str(self._folder / "log")
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} {self._options}"
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")

    def halt(self) -> None:
        """End the server as a crash would; its data stays."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def stop(self) -> None:
        self.halt()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """Make an empty database; return its DATABASE_URL."""
        server = f"postgresql://postgres@127.0.0.1:{self._port}"
        name = f"darkroom_{next(self._names)}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{server}/{name}"

    def _run(self, program: str, *words: str) -> None:
        ended = subprocess.run(
            [str(self._bin / program), *words],
            cwd="/",
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            stdin=subprocess.DEVNULL,
            # A file: the server inherits it and would keep a pipe open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        assert ended.returncode == 0, f"{program} {' '.join(words)} ended with {ended.returncode}."


def _folder_of(program: str) -> Path:
    """Return where PostgreSQL's programs lie: Debian keeps them off the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    if installed:
        return installed[-1].parent
    if found := shutil.which(program):
        return Path(found).resolve().parent
    return lacks("PostgreSQL", "install it to run the tests on it too (Debian: postgresql).")
