"""Topics: what happens, told to whoever watches at that moment. Nothing is kept for later.

A worker publishes; a view watches, over its loop's one subscription.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from actors import waiting
from actors.errors import BrokerUnavailable
from actors.wire import lines
from actors.wire.subscriptions import LOOK

logger = logging.getLogger(__name__)


def publish(topic: str, event: str, data: dict[str, Any]) -> None:
    """Tell the watchers of `topic`. Where Redis is away nobody is told: they look by themselves."""
    try:
        told = json.dumps({"event": event, "data": data})
        lines.call("PUBLISH", _channel(topic), told, action=f"tell of {event}")
    except BrokerUnavailable as error:
        logger.warning("%s", error)


async def watch(topic: str) -> AsyncIterator[tuple[str, dict[str, Any]] | None]:
    """Give each event of `topic` and its data; None where some may have been missed.

    The first is None: from then on nothing is missed.

    Raises:
        BrokerUnavailable: Redis can't be reached.
    """
    async with waiting.listen(_channel(topic)) as listener:
        while True:
            published = await listener.get()
            if published == LOOK:
                yield None
            else:
                told = json.loads(published)
                yield told["event"], told["data"]


def _channel(topic: str) -> str:
    return f"actors:topic:{topic}"
