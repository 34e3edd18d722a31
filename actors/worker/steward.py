"""The chores of a busy worker, every few milliseconds; sleeps while nothing is in hand.

Sends ends that wait, marks what runs long, wakes a thread where those awake are stuck, and gives
back what they hold up.
"""

from __future__ import annotations

import logging
import threading
import time

from actors import encoding
from actors.errors import BrokerUnavailable
from actors.wire import lines
from actors.wire.scripts import MARK, Argument
from actors.worker.courier import Courier
from actors.worker.deliveries import Delivery
from actors.worker.desk import Desk
from actors.worker.ends import WORKER_NAME

logger = logging.getLogger("actors.worker")

#: Seconds between two rounds while messages are in hand.
ROUND_S = 0.005
#: Seconds. What runs longer is marked as running.
LONG_S = 0.010
#: Seconds that fetched messages may wait here without one being started.
STUCK_S = 0.050


class Steward(threading.Thread):
    """The thread."""

    def __init__(
        self, namespace: str, worker_id: str, desk: Desk, courier: Courier, ttl_ms: int
    ) -> None:
        super().__init__(name="actors-steward", daemon=True)
        self._namespace, self._worker_id, self._ttl_ms = namespace, worker_id, ttl_ms
        self._desk, self._courier = desk, courier
        self._stopped = threading.Event()
        self._marks: dict[tuple[str, str], tuple[Delivery, bytes, dict[str, Argument]]] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        """Do rounds until stopped."""
        desk = self._desk
        while not self._stopped.is_set():
            with desk.changed:
                if not desk.outstanding and self._courier.is_empty:
                    desk.busy.clear()
            if not desk.busy.wait(0.5):
                continue
            self._stopped.wait(ROUND_S)
            try:
                self._round()
            except Exception:
                # A worker's loop: whatever one round met, the next one must be tried.
                logger.exception("The steward failed; it goes on.")
                self._stopped.wait(1.0)

    def stop(self) -> None:
        """End the thread, its last marks sent."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=5)

    def mark(self, delivery: Delivery, event: bytes, fields: dict[str, Argument]) -> None:
        """Have fields of a running message written in the next round; later ones replace them."""
        key = (delivery.held_id, delivery.number)
        with self._lock:
            _, _, before = self._marks.get(key, (delivery, b"", {}))
            self._marks[key] = (delivery, event, before | fields)

    def _round(self) -> None:
        courier, backlog = self._courier, self._desk.backlog
        if courier.is_due:
            courier.carry()
        courier.retry()
        now = time.monotonic()
        if len(backlog):
            waited_s = now - backlog.last_taken
            if waited_s > ROUND_S and backlog.idle:
                backlog.wake_one()
            elif waited_s > STUCK_S:
                # Nor is more fetched ahead, only to be given back likewise, until one has ended.
                backlog.learn(waited_s)
                courier.give_back([item.message for item in backlog.empty_out()])
        for delivery in self._desk.held():
            progress = delivery.progress
            is_long = progress is not None or now - delivery.started > LONG_S
            if delivery.started and is_long and not delivery.is_marked:
                self._mark_running(delivery)
            if progress is not None and progress is not delivery.told_progress:
                delivery.told_progress = progress
                self.mark(delivery, progress, {"progress": progress})
        self._send_marks()

    def _mark_running(self, delivery: Delivery) -> None:
        delivery.is_marked = True
        told: dict[str, Argument] = {
            "state": "running",
            "worker": WORKER_NAME,
            "started": delivery.started_ms,
        }
        self.mark(delivery, encoding.encode(told), dict(told))

    def _send_marks(self) -> None:
        if not self._marks:
            return
        with self._lock:
            marks, self._marks = self._marks, {}
        arguments: list[Argument] = []
        for delivery, event, fields in marks.values():
            flat = [each for pair in fields.items() for each in pair]
            arguments += (delivery.held_id, delivery.number, delivery.message_id, event, len(flat))
            arguments += flat
        command = MARK(self._namespace, self._worker_id, self._ttl_ms, *arguments)
        try:
            lines.call(*command, action="mark running messages")
        except BrokerUnavailable as error:
            logger.debug("%s", error)
