"""What a worker process has in hand, and how much more it may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from actors.worker.backlog import Backlog
from actors.worker.deliveries import Delivery

#: Seconds of work that a process fetches ahead. More would only wait here instead of elsewhere.
AHEAD_S = 0.010
#: Messages fetched ahead at most.
MOST_AHEAD = 250
#: Seconds that a suspect's worker waits for its other messages to end, before it lets others try.
ALONE_PATIENCE_S = 2.0
#: Seconds until it tries again; after `ALONE_INSISTS_S` in all it takes nothing else until it can.
ALONE_PAUSE_S = 5.0
ALONE_INSISTS_S = 60.0


class Desk:
    """The messages of one process, over all its queues and threads."""

    def __init__(self, threads: int, most: int | None = None) -> None:
        self.threads, self._most = threads, most
        self.backlog = Backlog()
        self.changed = threading.Condition()
        #: Set while there may be something in hand.
        self.busy = threading.Event()
        self.is_stopping = False
        self._held: dict[tuple[str, str], Delivery] = {}
        #: How many of them are suspects, which run alone: at most one.
        self._suspects = 0
        self._reserved = 0
        self._alone: object | None = None
        self._alone_since = self._alone_first = self._alone_not_before = 0.0

    @property
    def outstanding(self) -> int:
        """How many messages are fetched and not known to have ended."""
        return len(self._held) + self._reserved

    @property
    def limit(self) -> int:
        """How many messages this process may hold now."""
        ahead = min(int(AHEAD_S / max(self.backlog.duration_s, 1e-6)), MOST_AHEAD)
        limit = self.threads + ahead
        return limit if self._most is None else min(limit, self._most)

    @contextmanager
    def reserve(self, consumer: object) -> Iterator[tuple[int, int, bool]]:
        """Give room for a fetch: most messages, those that can run at once, whether all alone.

        Returns no room while there is enough in hand, so that refilling costs one fetch for many.
        """
        with self.changed:
            most, few, is_alone = self._room(consumer)
            self._reserved += most
        try:
            yield most, few, is_alone
        finally:
            with self.changed:
                self._reserved -= most

    def wait(self, timeout_s: float) -> None:
        """Wait for a message to end, or another change."""
        with self.changed:
            self.changed.wait(timeout_s)

    def wait_for_end(self, timeout_s: float) -> None:
        """Wait for what is in hand to end, for a moment."""
        with self.changed:
            if self._held:
                self.changed.wait(timeout_s)

    def take(self, deliveries: list[Delivery]) -> None:
        """Take note of what was fetched."""
        with self.changed:
            for delivery in deliveries:
                self._held[(delivery.held_id, delivery.number)] = delivery
                self._suspects += delivery.is_alone

    def watch(self) -> None:
        """Have the steward look after what is in hand; after handing it on, which is urgent."""
        if self._held:
            self.busy.set()

    def release(self, deliveries: list[Delivery]) -> None:
        """Take note of what has ended in Redis, or was given back."""
        with self.changed:
            for delivery in deliveries:
                if self._held.pop((delivery.held_id, delivery.number), None):
                    self._suspects -= delivery.is_alone
            if len(self._held) <= self.limit // 2 or len(self._held) < self.threads:
                self.changed.notify_all()

    def held(self, queue_name: str | None = None) -> list[Delivery]:
        """Return what is in hand, of one queue or all."""
        with self.changed:
            found = list(self._held.values())
        return [each for each in found if queue_name in (None, each.held_queue)]

    def want_alone(self, consumer: object) -> bool:
        """Ask to run a suspect: nothing else is taken until this process has nothing in hand.

        Returns whether it is granted: another consumer may be at it, or it took too long before.
        """
        now = time.monotonic()
        with self.changed:
            if self._alone is None and now >= self._alone_not_before:
                self._alone, self._alone_since = consumer, now
                self._alone_first = self._alone_first or now
            return self._alone is consumer

    def end_alone(self, consumer: object) -> None:
        """Let the others take messages again."""
        with self.changed:
            if self._alone is consumer:
                self._alone, self._alone_first = None, 0.0
                self.changed.notify_all()

    def stop(self) -> None:
        """Take nothing any more."""
        with self.changed:
            self.is_stopping = True
            self.changed.notify_all()

    def _room(self, consumer: object) -> tuple[int, int, bool]:
        outstanding = self.outstanding
        if self.is_stopping:
            return 0, 0, False
        if self._alone is not None:
            return self._room_alone(consumer, outstanding)
        if self._suspects:
            return 0, 0, False
        limit = self.limit
        if outstanding > limit // 2 and outstanding >= self.threads:
            return 0, 0, False
        most = max(limit - outstanding, 0)
        if limit <= self.threads:
            # Messages that take long are taken one by one, so that idle processes get as many.
            most = min(most, 1)
        return most, min(max(self.threads - outstanding, 0), most), outstanding == 0

    def _room_alone(self, consumer: object, outstanding: int) -> tuple[int, int, bool]:
        if outstanding == 0:
            return (1, 1, True) if self._alone is consumer else (0, 0, False)
        now = time.monotonic()
        waited_s, in_all_s = now - self._alone_since, now - self._alone_first
        if waited_s > ALONE_PATIENCE_S and in_all_s < ALONE_INSISTS_S and not self._suspects:
            self._alone, self._alone_not_before = None, now + ALONE_PAUSE_S
        return 0, 0, False
