"""How much each form does, and how long its faults last."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lengths:
    """Seconds that faults last, and counts."""

    stopped_s: float
    paused_s: float
    away_s: float
    full_s: float
    #: Mails that a mood strikes, and how long it waits for them.
    mails: int
    mails_within_s: float
    #: How long an armed step waits for a process to come there.
    step_within_s: float


@dataclass(frozen=True)
class Size:
    """One form of the suite."""

    lengths: Lengths
    uploads: int
    sign_ups: int
    by_view: int
    damaged: int
    #: Kills at random, none waited for, after every fault has struck once.
    random_kills: int
    #: Uploads a second while Redis is down, and how long before and after.
    steady_rate: float
    before_s: float
    after_s: float
    #: Within which all must have ended after the last fault.
    settles_within_s: float
    #: "short" shortens what production takes its time for; see settings.py.
    times: str


SHORT = Size(
    Lengths(3.0, 1.5, 2.0, 1.5, 2, 15.0, 15.0),
    *(20, 60, 6, 3, 1),
    *(5.0, 1.0, 1.0),
    settles_within_s=60.0,
    times="short",
)
LONG = Size(
    Lengths(30.0, 5.0, 10.0, 5.0, 5, 30.0, 30.0),
    *(200, 1000, 50, 20, 20),
    *(5.0, 5.0, 5.0),
    settles_within_s=300.0,
    times="production",
)
