"""The short form: the real site under load, each fault once, and an account without a loss.

Each database is given half of what there is; `make faults` gives both of them all of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.app.account import Account
from tests.faults.app.faults import Fault
from tests.faults.app.scenarios import Play
from tests.faults.app.site import Site
from tests.faults.app.sizes import SHORT
from tests.faults.app.starting import started_site

pytestmark = [pytest.mark.timeout(300)]

#: Fixed, so that the same faults come to the same database on every run.
SEED = 4


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with started_site(database=request.param) as started:
        yield started


@pytest.fixture
def play(site: Site) -> Play:
    return Play(site, SHORT, seed=SEED)


def test_kills_and_outages_lose_nothing_and_do_nothing_twice(
    play: Play, report: Callable[[str], None]
) -> None:
    account = play.kills_and_outages(half_of(play.faults(), play.site.database.name))

    tell(report, "kills and outages", play, account)
    assert account.problems == []
    assert [line.what for line in account.lines][:2] == ["images", "welcome mails"]


def half_of(faults: list[Fault], database: str) -> list[Fault]:
    """Return what is the database's own, and every other one of the rest."""
    own = [fault for fault in faults if fault.name.startswith("database")]
    rest = [fault for fault in faults if fault not in own]
    return [*own, *rest[database == "postgres" :: 2]]


def tell(report: Callable[[str], None], what: str, play: Play, account: Account) -> None:
    """Add the account to the report, and write all of it beside."""
    database = play.site.database.name
    report(f"{what}, {database}, {account.facts['seconds']:g} s:")
    for line in account.table().splitlines():
        report(f"  {line}")
    if missed := account.facts["faults_that_met_nobody"]:
        report(f"  met nobody: {', '.join(missed)}")
    path = Path("test-results/faults") / f"short-{what.replace(' ', '-')}-{database}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(account.as_json(), indent=2, default=str))
    path.with_suffix(".log").write_text("\n".join(play.site.log))


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_an_outage_of_redis_fails_no_upload_and_delays_none(
    play: Play, report: Callable[[str], None]
) -> None:
    account = play.outage()

    tell(report, "redis down", play, account)
    report(f"  p99 of an upload's answer: {account.facts['p99_s']:g} s")
    assert account.problems == []
    assert account.facts["failed_uploads"] == 0


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_what_redis_forgets_is_sent_again_and_no_mail_leaves_twice(
    play: Play, report: Callable[[str], None]
) -> None:
    account = play.emptied()

    tell(report, "redis emptied", play, account)
    assert account.problems == []
