"""Medians over rounds, and what a cell of a table says."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.queues.lateness import percentile
from benchmarks.queues.tables import Column, number

type Runs = list[dict[str, Any]]


def cell(column: Column, runs: Runs, reference: Runs) -> str:
    """Return the median with its spread, and its ratio to the reference's median."""
    good = [run for run in runs if "failed" not in run]
    if not good:
        return "failed"
    if column.samples:
        return number(_pooled(column, good))
    values = [run[column.key] for run in good]
    if not all(isinstance(value, (int, float)) for value in values) or column.key == "works_after":
        return _words(values)
    said = number(_median(values))
    if column.spread and len(values) > 1:
        said += f" ({number(min(values))}..{number(max(values))})"
    return said + _ratio(column, values, reference)


def _ratio(column: Column, values: list[float], reference: Runs) -> str:
    others = [run[column.key] for run in reference if "failed" not in run]
    if not column.better or not others or min(*values, *others, 1) <= 0:
        return ""
    more = statistics.median(values) / statistics.median(others)
    better = more if column.better == "more" else 1 / more
    return f", {better:,.0f}x" if better >= 10 else f", {better:.2g}x"


def _median(values: list[float]) -> float:
    # Counts stay counts, also over an even number of rounds.
    return (
        statistics.median_high(values) if isinstance(values[0], int) else statistics.median(values)
    )


def _pooled(column: Column, runs: Runs) -> float:
    pooled = [value for run in runs for value in run["samples"][column.samples]]
    return percentile(pooled, column.share)


def _words(values: list[Any]) -> str:
    """Return what was said in each round, once where it was the same."""
    return " / ".join(dict.fromkeys(number(value) for value in values))
