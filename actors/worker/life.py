"""Dramatiq's hooks, as our broker needs them: opens and closes the shop, times and ends messages.

Added by the broker after all other middleware, so that it is the last before a message runs and the
first after: whatever they send because of its end is part of that end.
"""

from __future__ import annotations

import threading
import time
from typing import Any, cast

from dramatiq import Broker, Worker
from dramatiq.broker import MessageProxy
from dramatiq.common import current_millis
from dramatiq.middleware import Middleware, SkipMessage

from actors.worker.deliveries import Delivery, begin_end, running_delivery
from actors.worker.interrupts import RevokedWhileRunning, call_off
from actors.worker.owner import Owner


class Life(Middleware):
    """Hooks: the worker's boot and shutdown, before and after each message."""

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Open the shop; Dramatiq's own queue gives way to ours before anything uses it."""
        shop = cast(Owner, broker).open_shop(worker.worker_threads)
        worker.work_queue = cast(Any, shop.desk.backlog)

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Take nothing any more, and give back what has not started."""
        shop = cast(Owner, broker).shop
        if shop is not None:
            shop.stop_taking()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Send the last ends, and close."""
        cast(Owner, broker).close_shop()

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Note when it starts, unless it is revoked or too late."""
        if not isinstance(message, Delivery):
            return
        expires_at = message.options.get("expires_at")
        if expires_at is not None and not message.retries and current_millis() >= expires_at:
            message.withdrawn = "expired"
        if message.withdrawn:
            raise SkipMessage(f"It is {message.withdrawn}.")
        message.thread_id = threading.get_ident()
        message.started_ms = current_millis()
        message.started = time.monotonic()
        running_delivery.set(message)

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        """Gather what its end causes, from here until it is acknowledged."""
        if isinstance(message, Delivery):
            running_delivery.set(None)
            message.thread_id = 0
            if message.is_revoked:
                call_off()
                if isinstance(exception, RevokedWhileRunning):
                    message.withdrawn = "revoked"
            begin_end(message)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """Gather likewise."""
        if isinstance(message, Delivery):
            begin_end(message)
