"""Our Dramatiq middleware. Order and settings stand in `DRAMATIQ_BROKER`."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.db import DatabaseError, close_old_connections, connections
from dramatiq import Broker, Worker
from dramatiq.broker import MessageProxy
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware, MiddlewareError

from actors import burial, outbox
from actors.errors import BrokerUnavailable
from actors.handles import current_message_id
from actors.parent_watch import watch_parent
from actors.worker.deliveries import Delivery

logger = logging.getLogger(__name__)


class Facade(Middleware):
    """Knows which message a thread processes, so that waiting for a result there is refused.

    Hooks: before and after processing, after skipping. Stands anywhere.
    """

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Remember the message."""
        current_message_id.set(message.message_id)

    def after_process_message(self, *_: Any, **__: Any) -> None:
        """Forget it."""
        current_message_id.set(None)

    after_skip_message = after_process_message


class DeadLetterNotWritten(MiddlewareError, BrokerConnectionError):
    """The database is away. Dramatiq's worker keeps the message and tries again in 5 s."""


class DeadLetters(Middleware):
    """Writes a message that failed for good to the database before it leaves Redis.

    Hook: before nack. Stands after `Retries`, which decides that there is no other attempt.
    """

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Write the dead letter; where the database is away, the message stays in Redis.

        One that was revoked while it ran has not failed, though Dramatiq counts the interruption.
        """
        if isinstance(message, Delivery) and message.withdrawn:
            return
        close_old_connections()
        try:
            burial.bury(message)
        except DatabaseError as error:
            connections.close_all()
            raise DeadLetterNotWritten(f"The dead letter could not be written: {error}") from error


class OutboxRelay(Middleware):
    """Runs the outbox's relay in a thread of the worker process.

    Hooks: after the worker's boot, before its shutdown. Stands anywhere.
    """

    #: Seconds between two looks, and the longest pause while Redis is away.
    INTERVAL_S = 1.0
    MAX_PAUSE_S = 5.0

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Start the relay."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)
        self._thread.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Stop it; what it has claimed is sent first."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        pause_s = self.INTERVAL_S
        while not self._stopped.wait(pause_s):
            pause_s = self.INTERVAL_S if self._relay() else min(pause_s * 2, self.MAX_PAUSE_S)
        connections.close_all()

    def _relay(self) -> bool:
        close_old_connections()
        try:
            if sent := outbox.relay():
                logger.info("Sent %d messages that were left in the outbox.", sent)
        except BrokerUnavailable as error:
            logger.warning("The outbox waits: %s", error)
            return False
        except Exception:
            # A worker's loop: whatever one round met, the next one must be tried.
            logger.exception("The outbox's relay failed; it goes on.")
            return False
        return True


class ParentWatch(Middleware):
    """Ends a worker process whose parent is gone: its messages go to the other workers.

    Hook: before the worker's boot, which is after Dramatiq has forked. Stands anywhere.
    """

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Arm the watch."""
        watch_parent()
