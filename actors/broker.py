"""Our broker: Dramatiq's own on Redis, quicker to recover and with errors that say what to do."""

from __future__ import annotations

from typing import Any

import redis
from dramatiq import Message
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker as DramatiqRedisBroker

from actors.connection import client, unavailable_as_ours

#: Milliseconds without a sign of life before a worker's messages go to the others.
HEARTBEAT_TIMEOUT_MS = 10_000
#: Of a million commands, how many look for dead workers: all. Dramatiq's default is 1 in 1,000.
MAINTENANCE_CHANCE = 1_000_000
#: Milliseconds. The longest pause between two looks at an empty queue.
IDLE_PAUSE_MS = 200


class RedisBroker(DramatiqRedisBroker):
    """Dramatiq's Redis broker over the process's client, with recovery within some 10 s.

    Built by django-dramatiq from `DRAMATIQ_BROKER`.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("heartbeat_timeout", HEARTBEAT_TIMEOUT_MS)
        options.setdefault("maintenance_chance", MAINTENANCE_CHANCE)
        options.setdefault("client", client())
        super().__init__(**options)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Send a message, `delay` milliseconds from now.

        Raises:
            BrokerUnavailable: Where Redis can't be reached.
        """
        with unavailable_as_ours(f"send {message.actor_name} {message.message_id}"):
            return super().enqueue(message, delay=delay)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Consume a queue, looking at it at least every `IDLE_PAUSE_MS`."""
        return super().consume(queue_name, prefetch, min(timeout, IDLE_PAUSE_MS))

    def _dispatch(self, command: str) -> Any:
        dispatch = super()._dispatch(command)

        def do_dispatch(queue_name: str, *args: Any) -> Any:
            try:
                return dispatch(queue_name, *args)
            except redis.TimeoutError as error:
                # Dramatiq's consumer reconnects and repeats after a ConnectionError only; a
                # TimeoutError would end as "a bug in Dramatiq" with the message never acknowledged.
                raise redis.ConnectionError(str(error)) from error

        return do_dispatch
