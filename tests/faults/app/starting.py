"""Starts a site with its servers for the suite, on a folder of its own, and ends all of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.app.databases import Database, GivenPostgres, OwnPostgres, Sqlite
from tests.faults.app.mail_server import MoodyMailbox
from tests.faults.app.servers import OwnRedis, Redis
from tests.faults.app.site import Site


@contextmanager
def started_site(*, database: str, redis_url: str = "", times: str = "short") -> Iterator[Site]:
    """Give a site that serves. `database` is "sqlite", "postgres" (one of our own), or a URL."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dk-faults-")))
        redis = Redis(redis_url) if redis_url else OwnRedis(folder / "redis")
        redis.start()
        stack.callback(redis.stop)
        rows = _database(database, folder / "data")
        rows.start()
        stack.callback(rows.stop)
        mailbox = MoodyMailbox()
        mailbox.start()
        stack.callback(mailbox.stop)
        site = Site(folder / "data", redis, rows, mailbox, FAULTS_TIMES=times)
        stack.callback(site.stop)
        site.start()
        site.wait_until_ready()
        yield site


def _database(named: str, data_dir: Path) -> Database:
    if named == "sqlite":
        return Sqlite(data_dir)
    if named == "postgres":
        return OwnPostgres()
    if not named.startswith(("postgres://", "postgresql://")):
        raise SystemExit(f"{named!r} is no database to break: sqlite, postgres or postgresql://...")
    return GivenPostgres(named)
