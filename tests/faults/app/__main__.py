"""Runs the fault suite of the application, by itself or against a person's own servers.

`python -m tests.faults.app --help`
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.app.account import Account
from tests.faults.app.scenarios import Play
from tests.faults.app.sizes import LONG, SHORT
from tests.faults.app.starting import started_site

SCENARIOS = ("kills", "outage", "emptied")
#: Those that the suite starts itself.
OWN_DATABASES = ("sqlite", "postgres")


def main() -> int:
    """Play what was asked for; return the exit status: 0, or 1 where a promise was broken."""
    options = _options()
    wrong = [each for account in _play_all(options) for each in account.problems]
    print(f"\n{len(wrong)} promises broken." if wrong else "\nEvery promise was kept.")
    return 1 if wrong else 0


def _play_all(options: argparse.Namespace) -> Iterator[Account]:
    names = options.scenario or (["kills"] if options.fault else [*SCENARIOS])
    if options.redis and "outage" in names:
        names.remove("outage")
        print("Not played: outage. Only a server of the suite's own is stopped.")
    if options.redis and not options.may_break_servers and "emptied" in names:
        names.remove("emptied")
        print("Not played: emptied. It needs --may-break-servers.")
    for database in [options.database] if options.database else OWN_DATABASES:
        if database in OWN_DATABASES and not options.redis:
            for name in names:
                yield from _play([name], database, options)
        else:  # what is given must be empty at the start: all is played on one site
            yield from _play(names, database, options)


def _play(names: Sequence[str], database: str, options: argparse.Namespace) -> Iterator[Account]:
    size = SHORT if options.short else LONG
    kind = database.partition(":")[0]
    with started_site(database=database, redis_url=options.redis, times=size.times) as site:
        for name in names:
            print(f"\n{name} on {kind}", flush=True)
            play = Play(site, size, options.may_break_servers, **_seed(options))
            account = _account(name, play, options.fault)
            _write(options.folder / f"{name}-{kind}", account, site.log)
            _show(account)
            yield account


def _account(name: str, play: Play, only: Sequence[str] | None) -> Account:
    if name == "outage":
        return play.outage()
    if name == "emptied":
        return play.emptied()
    every = play.faults()
    return play.kills_and_outages(
        [fault for fault in every if any(part in fault.name for part in only)] if only else every
    )


def _show(account: Account) -> None:
    print(f"\n{account.table()}\n")
    for what in ("p99_s", "ready_after_s", "failed_uploads", "faults_that_met_nobody", "seconds"):
        if what in account.facts:
            print(f"  {what}: {account.facts[what]}")
    for each in account.problems[:50]:
        print(f"  BROKEN: {each}")


def _write(path: Path, account: Account, log: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(account.as_json(), indent=2, default=str))
    path.with_suffix(".log").write_text("\n".join(log))
    print(f"Written: {path}.json, {path}.log")


def _seed(options: argparse.Namespace) -> dict[str, int]:
    return {} if options.seed is None else {"seed": options.seed}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.app", description=__doc__)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    parser.add_argument(
        "--fault", action="append", help="only faults whose name holds this; may be repeated"
    )
    parser.add_argument("--short", action="store_true", help="the form that `make test` runs")
    parser.add_argument(
        "--database",
        default=os.environ.get("DATABASE_URL", ""),
        help="sqlite, postgres (a cluster of the suite's own), or the URL of an empty database; "
        "DATABASE_URL, or both of the suite's own",
    )
    parser.add_argument(
        "--redis",
        default=os.environ.get("REDIS_URL", ""),
        help="the URL of an empty Redis; REDIS_URL, or a server of the suite's own",
    )
    parser.add_argument(
        "--may-break-servers",
        action="store_true",
        help="pause, cut, fill and empty the given servers, too: for servers that nobody else uses",
    )
    parser.add_argument("--seed", type=int, help="the order of faults, as an earlier run says it")
    parser.add_argument("--folder", type=Path, default=Path("test-results/faults"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
