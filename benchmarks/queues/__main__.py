"""The command: `python -m benchmarks.queues --help`."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any

from benchmarks.queues import page
from benchmarks.queues.adapters import QUEUES
from benchmarks.queues.facts import facts
from benchmarks.queues.one_run import RunFailed, measure
from benchmarks.queues.report import profile_report, report
from benchmarks.queues.rounds import measure_all, working_folder
from benchmarks.queues.sizes import FULL, QUICK
from benchmarks.queues.tables import TABLES

#: What can be profiled, and the scenario that tells the CPU without.
PROFILES = {"drain": "drain", "enqueue": "enqueue_concurrent"}


def main() -> str | None:
    """Measure; return what went wrong, or None."""
    asked = _parser().parse_args()
    # A `kill` ends it as Ctrl-C does, also in the background: nothing that it started is left.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _profile(asked) if asked.profile else _compare(asked)
    except KeyboardInterrupt:
        return "Stopped; nothing was written."
    except RunFailed as error:
        return str(error)


def _compare(asked: argparse.Namespace) -> None:
    told = facts()
    sizes = QUICK if asked.quick else FULL
    measured = measure_all(asked.scenario, asked.queue, asked.rounds, sizes)
    results = {
        scenario: {"facts": told, "rounds": asked.rounds, "runs": runs}
        for scenario, runs in measured.items()
    }
    print(f"\n{report(results)}")
    is_whole = not asked.quick and set(asked.queue) == set(QUEUES)
    if asked.write or is_whole:
        page.write(results)
        print(f"\nWritten: {page.relative(page.RESULTS)}, {page.relative(page.PAGE)}")
    else:
        print("\nNot written: a quick run, or not all queues (--write does it all the same).")


def _profile(asked: argparse.Namespace) -> None:
    sizes, told = QUICK if asked.quick else FULL, facts()
    with working_folder(["ours"]) as below:
        plain = measure("ours", PROFILES[asked.profile], sizes, below)
        seen = measure("ours", asked.profile, sizes, below, profiled=True)
    profile: dict[str, Any] = {"facts": told, "cpu_us": plain["cpu_us"]} | seen
    print(profile_report(asked.profile, profile))
    if asked.write or not asked.quick:
        page.write_profile(asked.profile, profile)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.queues", description=__doc__)
    add = parser.add_argument
    add("--scenario", nargs="+", choices=TABLES, default=list(TABLES), metavar="NAME")
    add("--queue", nargs="+", choices=QUEUES, default=list(QUEUES), metavar="NAME")
    add("--rounds", type=int, default=3, help="rounds, each with every queue (3)")
    add("--quick", action="store_true", help="small numbers: to see that it works, not how fast")
    add("--write", action="store_true", help="write results and page also for a part")
    add("--profile", choices=PROFILES, help="show where our worker, or sender, spends its time")
    parser.epilog = f"Scenarios: {', '.join(TABLES)}. Queues: {', '.join(QUEUES)}."
    return parser


if __name__ == "__main__":
    sys.exit(main())
