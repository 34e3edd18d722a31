"""A message in a worker's hands, and what its end will cause."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from dramatiq import Message
from dramatiq.broker import MessageProxy


@dataclass(slots=True)
class New:
    """A message that an end sends. `gate`: the barrier's key that must open first, or empty."""

    gate: str
    queue_name: str
    id: str
    data: bytes
    how: str


@dataclass(slots=True)
class Plan:
    """What the end of a message causes, gathered from Dramatiq's middleware until it is sent."""

    #: The returned value as JSON; None where the actor keeps none.
    result: bytes | None = None
    #: Why the returned value could not be kept.
    refused: BaseException | None = None
    ttl_ms: int | None = None
    retry: New | None = None
    new: list[New] = field(default_factory=list)


class Delivery(MessageProxy):
    """A message that this worker holds, in Redis under `held_id` of `held_queue`."""

    def __init__(
        self,
        message: Message[Any],
        held_id: str,
        held_queue: str,
        number: str,
        *,
        is_alone: bool = False,
        deaths: int = 0,
    ) -> None:
        super().__init__(message)
        self.held_id, self.held_queue, self.number = held_id, held_queue, number
        self.is_alone, self.deaths = is_alone, deaths
        #: Seconds of the monotonic clock, and ms of the wall's; 0 before it runs.
        self.started, self.started_ms = 0.0, 0
        # Read now: Dramatiq counts an attempt that failed as a retry, but not always.
        retries = message.options.get("retries", 0)
        self.retries = retries if isinstance(retries, int) else 0
        #: What Dramatiq kept of the attempt before; the bytes of what is no message.
        self.earlier_traceback = message.options.get("traceback")
        self.raw: bytes | None = None
        self.thread_id = 0
        self.is_marked = False
        #: Whether it was revoked while it was held here.
        self.is_revoked = False
        #: What the actor reported last, as JSON, and what Redis was told of it.
        self.progress: bytes | None = None
        self.told_progress: bytes | None = None
        #: Why it does not run: "revoked" or "expired"; empty where it does.
        self.withdrawn = ""
        self.plan: Plan | None = None

    @property
    def attempts(self) -> int:
        """How often it was begun, this time included."""
        return self.retries + (1 if self.started_ms else self.deaths)


#: The message that this thread or task runs; tasks and `sync_to_async` inherit it.
running_delivery: ContextVar[Delivery | None] = ContextVar("running_delivery", default=None)


class _Ending(threading.local):
    delivery: Delivery | None = None


_ending = _Ending()


def begin_end(delivery: Delivery) -> None:
    """Have what this thread sends gathered in the plan of `delivery`."""
    delivery.plan = Plan()
    _ending.delivery = delivery


def finish_end() -> None:
    """Let this thread send as ever."""
    _ending.delivery = None


def ending_delivery() -> Delivery | None:
    """Return the message whose end this thread prepares."""
    return _ending.delivery


def current_plan() -> Plan | None:
    """Return the plan that this thread's sends belong to."""
    delivery = _ending.delivery
    return None if delivery is None else delivery.plan
