"""One worker and one sender, each behind a proxy; lives are lived there, and what is wrong told."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.faults.fault import Fault, Way
from tests.faults.lives import tokens_of
from tests.faults.proxy import Proxy
from tests.faults.rig import LOST_AFTER_S, Rig, is_unavailable, new_token
from tests.faults.scripts import Scripts
from tests.waiting import eventually

WAYS: tuple[Way, Way] = ("before", "after")
#: What a new connection begins with, and what the first call of a script needs.
OPENING = ("HELLO", "SCRIPT LOAD", "SUBSCRIBE")
#: What a worker sends by the clock, whatever happens to messages.
TIMED = ("keep", "reap", "mark")
#: What it sends where a fetch had no answer.
REGAINING = ("HSET", "EXPIRE", "HGETALL", "give_back")


class Command(NamedTuple):
    """The `nth` of its name that one side sends in a life."""

    side: str
    name: str
    nth: int

    def __str__(self) -> str:
        return f"the {self.side}'s {self.name} #{self.nth}"


class Case(NamedTuple):
    """What came of one fault; it may not be met, where commands come in another order."""

    command: Command
    way: Way
    has_failed: bool
    problem: str | None


class Stage:
    """Started once for many cases: each has tokens of its own, and proves that work goes on."""

    def __init__(
        self, folder: Path, settings_module: str, lost_after_s: float = LOST_AFTER_S
    ) -> None:
        self.rig = Rig(folder, settings_module, lost_after_s)
        scripts = Scripts()
        self.proxies = {name: Proxy(self.rig.server.url, scripts) for name in ("worker", "sender")}
        for proxy in self.proxies.values():
            proxy.start()
        self.worker = self.rig.start_worker(self.proxies["worker"].url)
        self.sender = self.rig.start_sender(self.proxies["sender"].url)
        self.worker.wait_until_ready()

    def try_out(self, life: str, command: Command, way: Way, *, anew: bool = False) -> Case:
        """Let one command fail once in one life; `anew`: on a connection to a server as new."""
        fault = self.fail(command, way)
        if anew:
            self.rig.redis.script_flush()
            self.proxies[command.side].cut()
        problem = self.live(life)
        fault.fired.wait(5.0 if anew else 0.3)  # the end comes after what the trace tells
        self.disarm()
        if fault.fired.is_set():
            fault.over.wait(0.1)  # a parked command is cut when the next message comes
        if problem := problem or self.go_on():
            problem = f"{command} fails {way}: {problem}"
            self.clear()
        return Case(command, way, fault.fired.is_set(), problem)

    def live(self, life: str) -> str | None:
        """Live through one life; return what is wrong with it.

        None: it was not accepted, or it was and ended as it should.
        """
        token = new_token()
        if error := self.sender.send(life, token):
            return None if is_unavailable(error) else f"{life}: sending raised {error}"
        try:
            self.rig.wait_for(tokens_of(life, token))
        except AssertionError as lost:
            return f"{life}: {lost}"
        return self._wrong_result(token) if life == "plain" else None

    def go_on(self) -> str | None:
        """Say what is wrong with a message that comes after the fault, or with what is left."""
        token = new_token()
        if error := self.sender.send("plain", token):
            return f"the next send raised {error}"
        try:
            self.rig.wait_for({token})
            self.rig.wait_until_empty()
        except AssertionError as lost:
            return f"the next one: {lost}"
        return self._wrong_result(token)

    def fail(self, command: Command, way: Way) -> Fault:
        return self.proxies[command.side].fail(command.name, way, nth=command.nth)

    def clear(self) -> None:
        """Drop what one case left, so that the next is not blamed for it."""
        self.rig.redis.config_set("maxmemory", 0)
        self.rig.redis.flushall()

    def disarm(self) -> None:
        for proxy in self.proxies.values():
            proxy.disarm()

    def commands_of(self, life: str) -> list[Command]:
        """Live through a life; return the commands that only it took."""
        self.settle()
        starts = {side: len(proxy.seen) for side, proxy in self.proxies.items()}
        assert self.live(life) is None
        self.settle()
        return [command for side, start in starts.items() for command in self._since(side, start)]

    def settle(self) -> None:
        """Wait until no message is left and nobody has anything to say."""
        self.rig.wait_until_empty()
        last = -1

        def is_quiet() -> bool:
            nonlocal last
            before, last = last, sum(len(proxy.seen) for proxy in self.proxies.values())
            return before == last

        eventually(is_quiet, what="no command is sent for a moment")

    def stop(self) -> None:
        self.rig.stop()
        for proxy in self.proxies.values():
            proxy.stop()

    def _since(self, side: str, start: int) -> list[Command]:
        names = [seen.name for seen in self.proxies[side].seen[start:]]
        return [
            Command(side, name, names[: place + 1].count(name))
            for place, name in enumerate(names)
            if name not in OPENING + TIMED + REGAINING
        ]

    def _wrong_result(self, token: str) -> str | None:
        results: list[object] = []

        def has_come() -> bool:
            results.append(self.sender.result(token))
            return results[-1] != "BrokerUnavailable"

        eventually(has_come, within=LOST_AFTER_S, what="Redis is there for the result")
        return None if results[-1] == token else f"its result is {results[-1]!r}"
