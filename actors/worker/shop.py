"""The parts of one worker: what its threads share, and the threads that look after it."""

from __future__ import annotations

from collections.abc import Callable

from actors.worker.courier import Courier
from actors.worker.desk import Desk
from actors.worker.health import Health
from actors.worker.interrupts import interrupt
from actors.worker.keeper import Keeper
from actors.worker.steward import Steward

#: Seconds that a worker which stops tries to send its last ends.
LAST_ENDS_S = 3.0


class Shop:
    """What a worker process has: its desk, its courier, its word on Redis.

    Outside of a worker, for a consumer alone, its threads are not started.
    """

    def __init__(
        self, namespace: str, worker_id: str, *, threads: int, most: int | None = None
    ) -> None:
        self.namespace, self.worker_id = namespace, worker_id
        self.desk, self.health = Desk(threads, most), Health()
        self.courier = Courier(namespace, worker_id, self.desk, self.health)
        self.keeper: Keeper | None = None
        self.steward: Steward | None = None

    def start(
        self,
        *,
        queues: Callable[[], set[str]],
        heartbeat_timeout_ms: int,
        dead_message_ttl_ms: int,
        live_ttl_ms: int,
    ) -> None:
        """Start the threads of a worker."""
        self.keeper = Keeper(
            self.namespace,
            self.worker_id,
            queues=queues,
            heartbeat_timeout_ms=heartbeat_timeout_ms,
            dead_message_ttl_ms=dead_message_ttl_ms,
            health=self.health,
            on_revoke=lambda message_id, number: interrupt(self.desk.held(), message_id, number),
        )
        self.steward = Steward(self.namespace, self.worker_id, self.desk, self.courier, live_ttl_ms)
        self.keeper.start()
        self.steward.start()

    def stop_taking(self) -> None:
        """Take nothing any more; what has not started goes to other workers now."""
        self.desk.stop()
        waiting = [item.message for item in self.desk.backlog.empty_out()]
        self.courier.give_back(waiting)

    def close(self) -> None:
        """Send the last ends, and stop the threads."""
        if self.steward is not None:
            self.steward.stop()
        self.courier.finish(LAST_ENDS_S)
        if self.keeper is not None:
            self.keeper.stop()
            self.keeper.leave()
        self.courier.close()
