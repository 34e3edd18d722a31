"""How late an event loop is, seen by a ticker on it; and percentiles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

#: Seconds between two ticks.
TICK_S = 0.001


class Lateness:
    """`async with Lateness() as late:` looks while the block runs."""

    def __init__(self) -> None:
        self._late_ms: list[float] = []
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lateness:
        self._ticker = asyncio.create_task(self._tick())
        await asyncio.sleep(TICK_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        # The tick that is due now tells of what held the loop last.
        await asyncio.sleep(10 * TICK_S)
        assert self._ticker is not None
        self._ticker.cancel()

    @property
    def p99_ms(self) -> float:
        return percentile(self._late_ms, 0.99)

    @property
    def max_ms(self) -> float:
        return max(self._late_ms)

    async def _tick(self) -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            self._late_ms.append((time.perf_counter() - due) * 1000)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all do not exceed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
