"""Takes what stock producers delayed to the place of ours: `Q.DQ` is a queue of theirs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import hiredis
from dramatiq import Message
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.common import current_millis, q_name
from dramatiq.errors import DecodeError

from actors import conf
from actors.wire.address import address_of
from actors.wire.lines import Line
from actors.wire.replies import ReplyError
from actors.wire.scripts import ADOPT
from actors.worker.fetcher import PARK_S
from actors.worker.health import pause_s
from actors.worker.owner import Owner
from actors.worker.shop import Shop

#: Messages looked at in one round trip.
PAGE = 100
#: Seconds between two looks whether the worker stops.
LOOK_S = 0.5


class ForeignDelayConsumer(Consumer):
    """The consumer of a `.DQ` queue. Gives no message: what it finds becomes due by itself."""

    def __init__(self, broker: Owner, shop: Shop, queue_name: str, timeout_ms: int) -> None:
        self._namespace, self._shop = broker.namespace, shop
        self._key, self._queue_name = f"{broker.namespace}:{queue_name}", q_name(queue_name)
        self._timeout_s = timeout_ms / 1000
        self._line: Line | None = None
        self._is_parked = False
        self._failures = 0

    def __next__(self) -> MessageProxy | None:
        """Take over what is there; return None."""
        if self._shop.desk.is_stopping:
            time.sleep(min(self._timeout_s, 0.05))
            return None
        try:
            self._look()
        except (OSError, hiredis.HiredisError) as error:
            self.close()
            self._shop.health.lost(error)
            time.sleep(min(self._timeout_s, pause_s(self._failures)))
            self._failures += 1
        return None

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Nothing is ever held here."""

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._is_parked = False

    def _look(self) -> None:
        if self._line is None:
            self._line = Line(address_of(conf.redis_url()), conf.send_timeout_s())
        if not self._is_parked:
            park = ("BLMOVE", self._key, self._key, "LEFT", "LEFT", PARK_S)
            self._line.send([park], self._deadline())
            self._is_parked = True
        deadline = time.monotonic() + self._timeout_s
        while not self._line.has_answer(min(LOOK_S, self._timeout_s)):
            if self._shop.desk.is_stopping or time.monotonic() >= deadline:
                return
        self._is_parked = False
        if _checked(self._line.receive(self._deadline())) is not None:
            self._adopt(self._line)
        self._failures = 0

    def _adopt(self, line: Line) -> None:
        (ids,) = line.exchange([("LRANGE", self._key, 0, PAGE - 1)], self._deadline())
        for held_id in _checked(ids):
            found = line.exchange([("HGET", f"{self._key}.msgs", held_id)], self._deadline())[0]
            data, wait_ms = self._ready(_checked(found) or b"")
            command = ADOPT(self._namespace, self._queue_name, held_id, data, wait_ms)
            _checked(line.exchange([command], self._deadline())[0])

    def _ready(self, data: bytes) -> tuple[bytes, int]:
        """Return a stock message as it is once due, and the ms until then."""
        try:
            message = Message.decode(data)
        except DecodeError:
            return data, 0
        eta = message.options.pop("eta", None)
        ready = message.copy(queue_name=self._queue_name)
        wait_ms = int(eta) - current_millis() if isinstance(eta, int | float) else 0
        return ready.encode(), max(wait_ms, 0)

    def _deadline(self) -> float:
        return time.monotonic() + conf.send_timeout_s()


def _checked(answer: Any) -> Any:
    if isinstance(answer, ReplyError):
        raise answer
    return answer
