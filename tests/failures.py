"""What failed, kept in a file: `make test` shows it again when both of its runs are through."""

from __future__ import annotations

from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "test-results" / "failed.txt"
MOST_CHARACTERS = 600


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """pytest's hook for each phase of a test."""
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """pytest's hook for each file that it looked for tests in."""
    _note(report)


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.failed:
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    why = f"{crash.path}:{crash.lineno}: {crash.message}" if crash else report.longreprtext
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("a") as file:
        file.write(f"{report.nodeid} ({report.when}): {why[:MOST_CHARACTERS]}\n")
