"""The relay's thread in a worker: sends what was left, forgets old keys, tells of outages."""

from __future__ import annotations

import logging
import threading
import time

from django.db import DatabaseError, close_old_connections, connections

from actors import server
from actors.errors import BrokerUnavailable
from actors.outbox.dispatch import MOST_AT_ONCE
from actors.outbox.relaying import relay
from actors.outbox.remembering import forget_old_keys

logger = logging.getLogger("actors.outbox")

#: Seconds between two looks, and the longest pause while Redis or the database is away.
INTERVAL_S = 1.0
MAX_PAUSE_S = 5.0
#: Seconds between two times that old keys are forgotten.
FORGET_EVERY_S = 60.0


class RelayThread(threading.Thread):
    """The thread."""

    def __init__(self) -> None:
        super().__init__(name="outbox-relay", daemon=True)
        self._stopped = threading.Event()
        #: What the log was told last: why messages wait, or nothing.
        self._waits_for = ""
        self._is_server_checked = False
        self._look_at = 0.0

    def run(self) -> None:
        """Relay until stopped."""
        pause_s = INTERVAL_S
        while not self._stopped.wait(pause_s):
            close_old_connections()
            pause_s = INTERVAL_S if self._round() else min(pause_s * 2, MAX_PAUSE_S)
        connections.close_all()

    def stop(self) -> None:
        """End the thread; what it has claimed is sent first."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=5)

    def _round(self) -> bool:
        """Do what is due; return whether Redis and the database were there."""
        try:
            self._relay_all()
            self._look_after_server()
        except BrokerUnavailable as error:
            self._tell("Redis", f"Messages wait in the outbox; the relay tries on: {error}")
            return False
        except DatabaseError as error:
            connections.close_all()
            self._tell("the database", f"The outbox can't be read; the relay tries on: {error}")
            return False
        except Exception:
            # A worker's loop: whatever one round met, the next one must be tried.
            logger.exception("The outbox's relay failed; it goes on.")
            return False
        if self._waits_for:
            logger.warning("The outbox is sent again: %s is back.", self._waits_for)
            self._waits_for = ""
        return True

    def _relay_all(self) -> None:
        while sent := relay():
            logger.info("Sent %d messages that were left in the outbox.", sent)
            if sent < MOST_AT_ONCE or self._stopped.is_set():
                return

    def _look_after_server(self) -> None:
        """Say once what its settings risk; forget old keys now and then."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + MAX_PAUSE_S
        try:
            if not self._is_server_checked:
                for warning in server.warnings():
                    logger.warning("%s", warning)
                self._is_server_checked = True
            while forget_old_keys() and not self._stopped.is_set():
                pass
        except BrokerUnavailable:
            # Nothing waits for it, and the worker has told of it.
            return
        self._look_at = time.monotonic() + FORGET_EVERY_S

    def _tell(self, whom: str, text: str) -> None:
        """Say once why messages wait."""
        if self._waits_for != whom:
            logger.warning("%s", text)
        self._waits_for = whom
