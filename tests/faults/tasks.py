"""Actors of the fault suites; each tells the trace what it did, under the token it was sent."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from actors import actor
from tests.faults import trace


class TriedOnce(Exception):
    """The first attempt's failure."""


class NeverWorks(Exception):
    """A failure for good."""


@actor(max_retries=0)
def succeed(token: str) -> str:
    """A plain one."""
    trace.tell("ended", token)
    return token


@actor(max_retries=5, min_backoff=30, max_backoff=30)
def fail_once(token: str) -> None:
    """One that needs a second attempt."""
    if trace.is_first_attempt(token):
        raise TriedOnce(token)
    trace.tell("ended", token)


@actor(max_retries=0, on_failure="be_told")
def fail_for_good(token: str) -> None:
    """One that becomes a dead letter, and whose failure another is told of."""
    raise NeverWorks(token)


@actor(max_retries=0)
def follow(token: str, previous: Any = None) -> None:
    """The second of a chain, and what a group ends with."""
    trace.tell("ended", token)


@actor(max_retries=0, on_success="be_told")
def succeed_and_tell(token: str) -> None:
    """One whose success another is told of."""
    trace.tell("ended", token)


@actor(max_retries=0)
def be_told(message: dict[str, Any], outcome: Any) -> None:
    """What callbacks call."""
    trace.tell("ended", f"{message['args'][0]}.told")


@actor(max_retries=0)
def take_time(token: str, seconds: float) -> None:
    """One that can be caught while it runs."""
    trace.tell("started", token)
    time.sleep(seconds)
    trace.tell("ended", token)


@actor(max_retries=0)
def kill_worker(token: str) -> None:
    """A poison: whichever process runs it dies."""
    trace.tell("started", token)
    os.kill(os.getpid(), signal.SIGKILL)
