"""How much the fault suites do: a little by default, all of it with `FAULTS=full`."""

from __future__ import annotations

import os

IS_FULL = os.environ.get("FAULTS") == "full"
#: Kills of a worker, the messages that they fall among, and the seconds that each of these takes.
KILLS, MESSAGES, SECONDS_EACH = (20, 5_000, 0.12) if IS_FULL else (3, 800, 0.1)
#: How often a send is tried while Redis is away.
AWAY_ROUNDS = 20 if IS_FULL else 3
#: Seconds. Longer than it takes until a silent worker is dead.
OUTAGE_S = 30.0 if IS_FULL else 3.5
#: The settings of workers: dead after 10 s of silence as in production, or after 3 s.
SETTINGS = "tests.settings_beside" if IS_FULL else "tests.faults.settings"
#: Seconds within which all that a killed worker held runs again, and until a message is lost.
BACK_WITHIN_S, LOST_AFTER_S = (20.0, 120.0) if IS_FULL else (15.0, 60.0)
