"""Keeps a worker known to be alive, due messages moving, and what dead workers held in sight.

One thread and one connection a process. Sleeps until its next sign of life, the next due message,
or word on the control channel.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import hiredis

from actors import conf
from actors.wire.address import address_of
from actors.wire.lines import Line
from actors.wire.replies import ReplyError
from actors.wire.scripts import KEEP, LEAVE, REAP, Command, unknown_to_server
from actors.worker.health import Health, pause_s

logger = logging.getLogger("actors.worker")

#: Seconds between two signs of life, and between two looks for the dead.
INTERVAL_S = 2.5
#: Messages made ready, or taken from a dead worker, in one call.
PAGE = 200


class Keeper(threading.Thread):
    """The thread. `on_revoke` is told id and delivery of what is revoked while it is held."""

    def __init__(
        self,
        namespace: str,
        worker_id: str,
        *,
        queues: Callable[[], set[str]],
        heartbeat_timeout_ms: int,
        dead_message_ttl_ms: int,
        health: Health,
        on_revoke: Callable[[str, str], None],
    ) -> None:
        super().__init__(name="actors-keeper", daemon=True)
        self._namespace, self._worker_id, self._queues = namespace, worker_id, queues
        self._timeout_ms, self._ttl_ms = heartbeat_timeout_ms, dead_message_ttl_ms
        self._health, self._on_revoke = health, on_revoke
        self._interval_s = min(INTERVAL_S, heartbeat_timeout_ms / 4000)
        self._stopped = threading.Event()
        self._line: Line | None = None
        self._next_look = 0.0
        self._failures = 0

    def run(self) -> None:
        """Keep until stopped."""
        while not self._stopped.is_set():
            try:
                self._connect()
                self._keep_for_ever()
            except (OSError, hiredis.HiredisError) as error:
                self._hang_up()
                if not self._stopped.is_set():
                    self._health.lost(error)
                self._stopped.wait(pause_s(self._failures))
                self._failures += 1
            except Exception:
                # A worker's loop: whatever one round met, the next one must be tried.
                logger.exception("The keeper failed; it goes on.")
                self._hang_up()
                self._stopped.wait(1.0)
        self._hang_up()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self.is_alive():
            self.join(timeout=5)

    def leave(self) -> None:
        """Strike this worker off the list, where it holds nothing any more."""
        try:
            line = Line(address_of(conf.redis_url()), conf.send_timeout_s())
        except (OSError, hiredis.HiredisError):
            return
        try:
            line.exchange([LEAVE(self._namespace, self._worker_id)], self._deadline())
        except (OSError, hiredis.HiredisError) as error:
            logger.info("This worker could not say goodbye (%s).", error)
        finally:
            line.close()

    def _connect(self) -> None:
        self._hang_up()
        self._line = Line(address_of(conf.redis_url()), conf.send_timeout_s())
        self._line.send([("SUBSCRIBE", f"{self._namespace}:__control__")], self._deadline())

    def _keep_for_ever(self) -> None:
        while not self._stopped.is_set():
            queues = sorted(self._queues())
            next_due_ms, *revoked = self._ask(
                KEEP(
                    self._namespace, self._worker_id, PAGE, self._ttl_ms, self._timeout_ms, *queues
                )
            )
            self._health.reached()
            self._failures = 0
            for number, message_id in zip(revoked[::2], revoked[1::2], strict=True):
                self._on_revoke(message_id.decode(), number.decode())
            self._look_for_the_dead()
            wait_s = self._interval_s if next_due_ms < 0 else next_due_ms / 1000
            self._listen(min(wait_s, self._interval_s))

    def _look_for_the_dead(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._interval_s
        for _ in range(50):
            name, moved, _ = self._ask(REAP(self._namespace, self._timeout_ms, PAGE))
            if not name:
                return
            if moved:
                logger.warning(
                    "Worker %s is dead: %d messages that it held run again.", name.decode(), moved
                )

    def _listen(self, wait_s: float) -> None:
        """Wait, until something is said on the control channel."""
        assert self._line
        deadline = time.monotonic() + wait_s
        while not self._stopped.is_set():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            if self._line.has_answer(min(left_s, 0.5)):
                self._heed(self._line.receive(self._deadline()))
                return

    def _ask(self, command: Command) -> Any:
        assert self._line
        deadline = self._deadline()
        self._line.send([command], deadline)
        while True:
            answer = self._line.receive(deadline)
            if isinstance(answer, hiredis.PushNotification):
                self._heed(answer)
            elif isinstance(answer, ReplyError):
                return self._teach(command, answer)
            else:
                return answer

    def _teach(self, command: Command, error: ReplyError) -> Any:
        lesson = unknown_to_server(command, error)
        if lesson is None:
            raise error
        self._ask(lesson)
        return self._ask(command)

    def _heed(self, push: Any) -> None:
        if isinstance(push, list) and push[0] == b"message":
            word, _, told = push[2].decode().partition(" ")
            if word == "revoke":
                number, _, message_id = told.partition(" ")
                self._on_revoke(message_id, number)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _deadline(self) -> float:
        return time.monotonic() + conf.send_timeout_s()
