"""Turns what was measured into Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.queues.adapters import QUEUES, REFERENCE
from benchmarks.queues.facts import in_words
from benchmarks.queues.rounds import Measured
from benchmarks.queues.summary import cell
from benchmarks.queues.tables import TABLES

#: Functions and files of a profile that are shown.
SHOWN = 14
TITLES = {
    "file": "files",
    "function itself": "functions",
    "function with what it calls": "callers",
}


def report(results: dict[str, dict[str, Any]]) -> str:
    """Return the tables of all scenarios: each of `results` holds `facts`, `rounds` and `runs`."""
    parts, said_last = [], ""
    for scenario in (name for name in TABLES if name in results):
        said = f"{in_words(results[scenario]['facts'])} {_rounds(results[scenario]['rounds'])}"
        parts += [] if said == said_last else [said]
        parts.append(table(scenario, results[scenario]["runs"]))
        said_last = said
    return "\n\n".join(parts)


def table(scenario: str, measured: Measured) -> str:
    """Return one scenario's heading, text and table."""
    shown = TABLES[scenario]
    titles = ["queue", *(column.title for column in shown.columns)]
    lines = [_row(titles), _row(["---"] * len(titles))]
    for name in (name for name in QUEUES if name in measured):
        cells = (
            cell(column, measured[name], measured.get(REFERENCE, []) if name != REFERENCE else [])
            for column in shown.columns
        )
        lines.append(_row([QUEUES[name].label, *cells]))
    return "\n".join([f"### {shown.title}", "", shown.text, "", *lines])


def profile_report(what: str, profile: dict[str, Any]) -> str:
    """Return where the time goes, by file and by function."""
    cpu_us, seconds = profile["cpu_us"], profile["seconds"]
    text = (
        f"{in_words(profile['facts'])} Without the profile, a message takes {cpu_us:.0f} µs of "
        "CPU, all threads together; the profile says how they are shared out. The standard "
        "library's time belongs to the file that called it, a C function's to the function that "
        "called that."
    )
    parts = [f"### Where the time goes: {what}", "", text, ""]
    total = sum(seconds["files"].values())
    for title, kind in TITLES.items():
        parts += [*_shares(title, seconds[kind], total, cpu_us), ""]
    return "\n".join(parts).rstrip()


def _shares(title: str, seconds: dict[str, float], total: float, cpu_us: float) -> Iterator[str]:
    yield _row([title, "share", "µs a message"])
    yield _row(["---"] * 3)
    for name, spent in sorted(seconds.items(), key=lambda each: -each[1])[:SHOWN]:
        yield _row([f"`{name}`", f"{spent / total:.0%}", f"{spent / total * cpu_us:.1f}"])


def _rounds(rounds: int) -> str:
    return f"Medians of {rounds} rounds, (min..max)." if rounds > 1 else "One round."


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
