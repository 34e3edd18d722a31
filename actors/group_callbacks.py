"""Sends what follows a group when its last member ends: counted in the script that ends the member.

In place of Dramatiq's own `GroupCallbacks`, which counts before a member has ended and so counts
twice what runs twice.
"""

from __future__ import annotations

from typing import Any

from dramatiq import Broker, Message
from dramatiq.broker import MessageProxy
from dramatiq.middleware import GroupCallbacks as DramatiqGroupCallbacks
from dramatiq.rate_limits import RateLimiterBackend

from actors import in_process
from actors.wire import lines
from actors.worker.deliveries import current_plan

#: Milliseconds that a gate which no member has come to yet waits, where Dramatiq's `group` made it.
GATE_TTL_MS = 7 * 86_400_000
#: Groups that this process remembers, for where messages run in it without Redis.
MOST_HERE = 1_000


class GroupCallbacks(DramatiqGroupCallbacks):
    """Lets groups have callbacks: ours, and those of Dramatiq's own `group`.

    A member that fails for good, is revoked or expires never counts, as in Dramatiq: its group's
    callbacks never run, and their records say why. Where a person requeues it and it ends well, the
    group goes on. The sending hooks see a callback at the end of every member.

    Hook: after processing. Stands after `Pipelines`.
    """

    def __init__(self, *, barrier_ttl: int = GATE_TTL_MS) -> None:
        self._gates = Gates()
        super().__init__(self._gates, barrier_ttl=barrier_ttl)
        self._ended_here: dict[str, set[str]] = {}

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        """Add the callbacks to what the member's end causes, behind the group's gate."""
        callbacks = message.options.get("group_completion_callbacks")
        if not callbacks or exception is not None or message.failed:
            return
        gate = _gate_of(message)
        plan = current_plan()
        if plan is None:
            self._count_here(broker, message, gate, callbacks)
        elif plan.refused is None:
            before = len(plan.new)
            _send(broker, callbacks)
            for new in plan.new[before:]:
                new.gate = gate

    def _count_here(
        self, broker: Broker, message: MessageProxy, gate: str, callbacks: list[dict[str, Any]]
    ) -> None:
        """Count where messages run without Redis, eagerly or under test: all in this process."""
        size, _, name = gate.partition(",")
        ended = self._ended_here.setdefault(name, set())
        ended.add(message.message_id)
        if len(ended) == (int(size) or self._gates.sizes.get(name)):
            del self._ended_here[name]
            _send(broker, callbacks)
        else:
            _keep_few(self._ended_here)


class Gates(RateLimiterBackend):
    """What Dramatiq's `group` asks of a backend: to note how many members it waits for."""

    def __init__(self) -> None:
        #: Of the groups that this process sent.
        self.sizes: dict[str, int] = {}

    def add(self, key: str, value: int, ttl: int) -> bool:
        """Make a gate, for `ttl` ms; return whether there was none of this name."""
        self.sizes[key] = value
        _keep_few(self.sizes)
        if in_process.is_active:
            return True
        name = f"actors:gate:{key}"
        is_new = lines.call("HSETNX", name, "size", value, action=f"send group {key}")
        lines.call("PEXPIRE", name, ttl, action=f"send group {key}")
        return bool(is_new)


def _keep_few(groups: dict[str, Any]) -> None:
    if len(groups) > MOST_HERE:
        del groups[next(iter(groups))]


def _gate_of(message: MessageProxy) -> str:
    """Return the gate as `end.lua` takes it; that of Dramatiq's own group knows its size."""
    if name := message.options.get("group_completion_uuid"):
        return f"0,{name}"
    return str(message.options["group_gate"])


def _send(broker: Broker, callbacks: list[dict[str, Any]]) -> None:
    for callback in callbacks:
        broker.enqueue(Message(**callback))
