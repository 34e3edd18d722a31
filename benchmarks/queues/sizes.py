"""How much each scenario does, in a full and in a quick run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Counts, and seconds where the name ends in `_s`."""

    sends: int = 20_000
    senders: int = 200
    sends_in_turn: int = 5_000
    tasks: int = 20_000
    #: Round trips after pauses of 50-150 ms.
    idle_trips: int = 100
    #: Round trips after pauses of 1.5-3 s.
    rare_trips: int = 12
    idle_s: float = 10.0
    callers: int = 1_000
    trips: int = 3_000
    waiters: int = 10_000


FULL = Sizes()
QUICK = Sizes(
    sends=4_000,
    sends_in_turn=500,
    tasks=3_000,
    idle_trips=10,
    rare_trips=2,
    idle_s=2.0,
    callers=200,
    trips=600,
    waiters=1_000,
)
