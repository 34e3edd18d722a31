"""Our Dramatiq middleware. Order and settings stand in `DRAMATIQ_BROKER`."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, close_old_connections, connections
from dramatiq import Broker, Worker
from dramatiq.broker import MessageProxy
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Middleware, MiddlewareError

from actors import burial
from actors.handles import current_message_id
from actors.outbox.loop import RelayThread
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

    Hooks: before ack and nack. Stands after `Retries`, which says that no other attempt follows.
    """

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Write the dead letter; where the database is away, the message stays in Redis.

        One that was revoked while it ran has not failed, though Dramatiq counts the interruption.
        """
        if not (isinstance(message, Delivery) and message.withdrawn):
            self._bury(broker, message)

    def before_ack(self, broker: Broker, message: MessageProxy) -> None:
        """Write likewise what expired: nobody else tells of it."""
        if isinstance(message, Delivery) and message.withdrawn == "expired":
            self._bury(broker, message)

    def _bury(self, broker: Broker, message: MessageProxy) -> None:
        close_old_connections()
        try:
            burial.bury(message, broker)
        except Exception as error:
            # Whatever it is: without its row, the message must not leave Redis.
            if isinstance(error, DatabaseError):
                connections.close_all()
            else:
                logger.exception("The dead letter of %s can't be written.", message)
            raise DeadLetterNotWritten(f"The dead letter could not be written: {error}") from error


class OutboxRelay(Middleware):
    """Runs the outbox's relay in a thread of the worker process.

    Hooks: after the worker's boot, before its shutdown. Stands anywhere.
    """

    def __init__(self) -> None:
        self._thread: RelayThread | None = None

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Start the relay."""
        self._thread = RelayThread()
        self._thread.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Stop it; what it has claimed is sent first."""
        if self._thread is not None:
            self._thread.stop()


class ParentWatch(Middleware):
    """Ends a worker process whose parent is gone: its messages go to the other workers.

    Hook: before the worker's boot, which is after Dramatiq has forked. Stands anywhere.
    """

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Arm the watch."""
        watch_parent()
