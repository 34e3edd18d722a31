"""What a fault suite runs on: a Valkey of its own, workers, a sender, and what became of it all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from dramatiq import Message

from actors.models import DeadLetter
from tests.faults.sender import Sender
from tests.faults.trace import Trace
from tests.faults.workers import BreakableServer, Worker
from tests.waiting import eventually

#: Seconds until a message is taken for lost: what a dead worker held is back in under 20.
LOST_AFTER_S = 25.0


class Rig:
    """A server, workers, a sender, and what became of what was sent."""

    def __init__(
        self, folder: Path, settings_module: str, lost_after_s: float = LOST_AFTER_S
    ) -> None:
        self.folder, self.settings_module = folder, settings_module
        self.lost_after_s = lost_after_s
        self.server = BreakableServer(folder)
        self.server.start()
        self.redis = redis.Redis.from_url(self.server.url, decode_responses=True)
        self.workers: list[Worker] = []
        self.trace = Trace()
        self._senders: list[Sender] = []

    @property
    def sender(self) -> Sender:
        """The one that was started first."""
        return self._senders[0]

    def start_worker(self, url: str | None = None) -> Worker:
        log_path = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(Worker(self._environment(url), log_path))
        return self.workers[-1]

    def start_sender(self, url: str | None = None) -> Sender:
        self._senders.append(Sender(self._environment(url)))
        return self._senders[-1]

    def missing(self, tokens: set[str]) -> set[str]:
        """Return those that neither ran to their end nor are dead letters."""
        left = tokens - self.trace.ended()
        return left - dead_tokens() if left else left

    def wait_for(self, tokens: set[str], within: float | None = None) -> None:
        """Wait until each ran or is a dead letter."""
        eventually(
            lambda: not self.missing(tokens),
            within=within or self.lost_after_s,
            what=LeftOf(lambda: self.missing(tokens)),  # type: ignore[arg-type]
        )

    def wait_until_empty(self) -> None:
        """Wait until Redis has no message left, held or waiting."""
        eventually(
            lambda: not self.redis.hlen("dramatiq:default.msgs"),
            within=self.lost_after_s,
            what="no message is left in Redis",
        )

    def stop(self) -> None:
        self.server.thaw()
        self.server.start()
        for sender in self._senders:
            sender.stop()
        for worker in self.workers:
            worker.ask_to_stop()
        for worker in self.workers:
            worker.stop()
        self.redis.close()
        self.server.stop()

    def _environment(self, url: str | None) -> dict[str, str]:
        """Return that of a process on this test run's data, and on that Redis or the rig's."""
        return {
            **os.environ,
            "DARKROOM_TEST_DATA_DIR": str(settings.DATA_DIR),
            "DJANGO_SETTINGS_MODULE": self.settings_module,
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": url or self.server.url,
        }


class LeftOf:
    """Says what is missing at the time it is printed."""

    def __init__(self, missing: Callable[[], set[str]]) -> None:
        self._missing = missing

    def __str__(self) -> str:
        left = sorted(self._missing())
        return f"each message ran or is a dead letter; {len(left)} are neither: {left[:5]}"


def dead_tokens() -> set[str]:
    """Return the tokens of all dead letters."""
    payloads = DeadLetter.objects.values_list("payload", flat=True)
    return {_token_of(Message.decode(bytes(payload))) for payload in payloads}


def is_unavailable(error: str) -> bool:
    """Whether a sender was told in the right words that its message is not accepted."""
    return error.startswith("BrokerUnavailable: ")


def new_token() -> str:
    return str(uuid.uuid4())


def _token_of(message: Message[Any]) -> str:
    told_of = message.actor_name == "be_told"
    return f"{message.args[0]['args'][0]}.told" if told_of else str(message.args[0])
