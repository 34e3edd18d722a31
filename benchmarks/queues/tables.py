"""What each scenario's table shows: its columns, and how their numbers are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A number of a run; or, with `samples`, a percentile over the samples of all rounds."""

    title: str
    key: str
    samples: str = ""
    share: float = 0.0
    #: Whether a ratio to the reference stands behind it: "more" or "less" is better; empty: none.
    better: str = ""
    spread: bool = False


@dataclass(frozen=True)
class Table:
    title: str
    text: str
    columns: Sequence[Column]

    def brief(self, result: dict[str, Any]) -> str:
        """Return one run in a line."""
        said = (
            f"{column.title} {number(result[column.key])}"
            for column in self.columns
            if column.key in result
        )
        return ", ".join(said)


def number(value: Any) -> str:
    """Write a number as exactly as it is worth."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{count:,} x {name}" for name, count in value.items()) or "none"
    if not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


_LATE = (
    Column("loop late p99 ms", "late_p99_ms"),
    Column("max ms", "late_max_ms"),
)
_OUTAGE = (
    Column("first error after s", "first_s"),
    Column("second after s", "second_s"),
    Column("loop late max ms", "late_max_ms"),
    Column("error", "error"),
    Column("first send after its return works", "works_after"),
    Column("and takes s", "after_s"),
)

TABLES = {
    "enqueue_concurrent": Table(
        "Sending, many coroutines",
        "200 coroutines send 20,000 messages in one process.",
        (
            Column("sends/s", "per_s", better="more", spread=True),
            Column("sender CPU µs a send", "cpu_us"),
            *_LATE,
            Column("sockets", "sockets"),
        ),
    ),
    "enqueue_seq": Table(
        "Sending, one after another",
        "5,000 messages, each sent when the one before has been answered.",
        (
            Column("p50 ms", "p50_ms", better="less", spread=True),
            Column("p99 ms", "p99_ms"),
            Column("sends/s", "per_s"),
        ),
    ),
    "drain": Table(
        "Draining",
        "20,000 tasks that do nothing wait; two worker processes start. Counted from when both run "
        "tasks to the last one. CPU: all of the processes that run tasks, from their first task. "
        "Memory: what all processes hold at the end, and the sum of their peaks, where pages that "
        "some share count in each.",
        (
            Column("tasks/s", "per_s", better="more", spread=True),
            Column("worker CPU µs a task", "cpu_us", better="less", spread=True),
            Column("memory MB", "memory_mb"),
            Column("peaks MB", "rss_peak_mb"),
            Column("processes", "processes"),
            Column("tasks run", "ran"),
        ),
    ),
    "roundtrip_idle": Table(
        "Round trip on an idle system",
        "One caller sends and waits for the result, after pauses of 50-150 ms, and after pauses of "
        '1.5-3 s ("rare"). Percentiles are over all rounds. Worker CPU: of one core, all '
        "processes, while nothing is sent.",
        (
            Column("p50 ms", "p50_ms", better="less", spread=True),
            Column("p95", "", "trip_ms", 0.95),
            Column("p99", "", "trip_ms", 0.99),
            Column("max", "", "trip_ms", 1.0),
            Column("rare: p50 ms", "rare_p50_ms", better="less"),
            Column("max", "", "rare_trip_ms", 1.0),
            Column("idle worker CPU %", "idle_cpu_percent"),
        ),
    ),
    "roundtrip_concurrent": Table(
        "Round trips, many callers",
        "1,000 coroutines send and wait for the result, 3,000 trips in one process.",
        (
            Column("trips/s", "per_s", better="more", spread=True),
            *_LATE,
            Column("sockets", "sockets"),
            Column("errors", "errors"),
        ),
    ),
    "waiters": Table(
        "Waiting",
        "10,000 coroutines of one process wait, each for its result, before the workers start. "
        "Memory: what the process grew by, the handles of what was sent included. Woken: the time "
        "from when the task ran to when its waiter goes on.",
        (
            Column("waiting", "waiting"),
            Column("got their result", "woken"),
            Column("sockets", "sockets"),
            Column("memory MB", "memory_mb"),
            Column("woken p50 ms", "woken_p50_ms"),
            Column("max ms", "woken_max_ms"),
            Column("errors", "errors"),
        ),
    ),
    "redis_down": Table(
        "Redis killed", "Two sends while it is away, one when it is back.", _OUTAGE
    ),
    "redis_frozen": Table(
        "Redis frozen",
        "SIGSTOP: connections stay open and nothing answers. Two sends, and one when it goes on.",
        _OUTAGE,
    ),
}
