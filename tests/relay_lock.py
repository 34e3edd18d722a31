"""Keeps the relays of worker processes that tests have started from their rounds, while it is held.

Stopping such a process would not do: it may be in a transaction that a test then waits for.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def held() -> Iterator[None]:
    """Wait for the rounds that run, and let no other begin."""
    with _locked(fcntl.LOCK_EX):
        yield


def heed() -> None:
    """Have the relay of this process wait for it before each round; relays go on side by side."""
    from actors.outbox import loop

    relay = loop.relay

    def relay_unless_held() -> int:
        with _locked(fcntl.LOCK_SH):
            return relay()

    loop.relay = relay_unless_held


@contextmanager
def _locked(how: int) -> Iterator[None]:
    with (Path(settings.DATA_DIR) / "relay.lock").open("ab") as file:
        fcntl.flock(file, how)
        yield
