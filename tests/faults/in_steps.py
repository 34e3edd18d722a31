"""A broker without the one-script end, to show that the suite finds what is lost then.

What the end of a message causes is sent by itself, before it, as stock Dramatiq does.
"""

from __future__ import annotations

from typing import Any

from dramatiq import Message

from actors.broker import RedisBroker
from actors.worker.deliveries import finish_end


class BrokerInSteps(RedisBroker):
    """Named by `tests.faults.settings_in_steps`."""

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        finish_end()
        return super().enqueue(message, delay=delay)
