"""Runs the sweep in the workers: one process of all at a time."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from functools import partial

from django.db import DatabaseError, connections
from dramatiq import Broker, Worker
from dramatiq.middleware import Middleware

from actors import chores, conf, leases, retention, sweeping
from actors.chores import Step
from actors.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

#: The lease of the process that sweeps, or did last: it runs out when the next round is due.
LEASE = "sweep"
#: Looks at the lease in the time between two rounds.
LOOKS = 6
#: Steps of one chore in a round.
REPEATED = 20


class Sweep(Middleware):
    """Sends again what Redis lost, in a thread of a worker process; see `actors.sweeping`.

    Hooks: after the worker's boot, before its shutdown. Stands anywhere.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._holder = ""
        self._is_waiting = False

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Start the thread."""
        self._holder = str(uuid.uuid4())
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)
        self._thread.start()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Stop it after the step that it is at."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped.wait(conf.sweep_interval_s() / LOOKS):
            self._try(self._look)
            # None is held until the next look.
            connections.close_all()

    def _look(self) -> None:
        if leases.take(LEASE, self._holder, seconds=conf.sweep_interval_s()):
            self._try(self._round)
            for step in (_prune, *chores.registered()):
                self._try(partial(self._repeat, step))

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (BrokerUnavailable, DatabaseError) as error:
            self._wait(error)
        except Exception:
            # A worker's loop: whatever one round met, the next one must be tried.
            logger.exception("The sweep failed; it goes on.")

    def _repeat(self, step: Step) -> None:
        """Do one step while there is more of it to do, some times at most."""
        for _ in range(REPEATED):
            if self._stopped.is_set() or not self._keeps_lease() or not step():
                return

    def _round(self) -> None:
        sent: Counter[str] = Counter()
        try:
            for step in sweeping.steps():
                sent[step.name] += step.sent
                if self._stopped.is_set() or not self._keeps_lease():
                    break
            self._is_waiting = False
        finally:
            if told := ", ".join(f"{count} {name}" for name, count in sent.items() if count):
                logger.warning("Redis has lost messages; sent again: %s.", told)

    def _keeps_lease(self) -> bool:
        return leases.keep(LEASE, self._holder, seconds=conf.sweep_interval_s())

    def _wait(self, error: Exception) -> None:
        """Say once that there is nothing to be done now."""
        if not self._is_waiting:
            logger.warning("The sweep waits: %s", error)
        self._is_waiting = True


def _prune() -> bool:
    """Let dead letters go that are not to be kept; return whether there are more."""
    return retention.prune() >= retention.STEP
