"""What the workers tidy beside the sweep, one process at a time: small steps that apps register."""

from __future__ import annotations

from collections.abc import Callable

#: Does a little and returns whether there is more to do now.
type Step = Callable[[], bool]

_steps: dict[str, Step] = {}


def register(name: str, step: Step) -> None:
    """Have a step done in each round of the sweep; under a known name, in place of the one before.

    A step that returns True is done again, up to 20 times a round. Keep it under a second: nobody
    sweeps meanwhile. What it raises is logged, and stops nothing else.

        chores.register("old sessions", lambda: delete_old_sessions(limit=1000) == 1000)
    """
    _steps[name] = step


def registered() -> list[Step]:
    """Return the steps, in the order in which they were registered."""
    return list(_steps.values())
