"""Writes the results to `benchmarks/results/`, and their tables into `docs/benchmarks.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.queues import ROOT
from benchmarks.queues.report import profile_report, report

RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
#: What the page begins with where there is none; text around the marks is kept.
TITLE = """# Benchmarks

Our actors beside stock Dramatiq and two floors without a library, on the same machine in one run:
`python -m benchmarks.queues`. Sender, workers and server share its cores. Every worker stores
results, ours records too; the server keeps nothing on disk, but where the row says so. Each run has
a server of its own, the queues take turns, and the numbers compare with each other, not with other
machines'. Our workers are niced and have two threads, as `make run` starts them. "2.0x" is the
ratio to stock Dramatiq by default: twice as good.
"""


def write(results: dict[str, dict[str, Any]]) -> None:
    """Keep the scenarios just measured, with those measured earlier."""
    known = _keep("queues.json", results)
    _put("queues", report(known))


def write_profile(what: str, profile: dict[str, Any]) -> None:
    known = _keep("profiles.json", {what: profile})
    _put(f"profile {what}", profile_report(what, known[what]))


def _keep(name: str, news: dict[str, Any]) -> dict[str, Any]:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / name
    known = (json.loads(path.read_text()) if path.exists() else {}) | news
    path.write_text(json.dumps(known, indent=1) + "\n")
    return known


def _put(mark: str, text: str) -> None:
    """Put text between the marks; at the end of the page where it has none."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    page = PAGE.read_text() if PAGE.exists() else TITLE
    if begin not in page:
        page += f"\n{begin}\n{end}\n"
    before, _, rest = page.partition(begin)
    after = rest.partition(end)[2]
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def relative(path: Path) -> Path:
    return path.relative_to(ROOT)
