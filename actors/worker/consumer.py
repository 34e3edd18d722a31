"""Takes messages of one queue off Redis, for Dramatiq's worker.

Parks on the queue until it has something, which takes nothing, then fetches as much as the desk has
room for. Whatever happens to the connection, it goes on by itself.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import hiredis
from dramatiq import Message
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import BrokerConnectionError, DecodeError

from actors import conf
from actors.errors import WorkerDied
from actors.wire.address import address_of
from actors.wire.lines import Line
from actors.wire.replies import ReplyError
from actors.wire.scripts import FETCH, Command
from actors.worker.deliveries import Delivery, finish_end
from actors.worker.ends import end_of
from actors.worker.health import pause_s
from actors.worker.owner import Owner
from actors.worker.shop import Shop

#: Seconds that a parked connection waits, before it says that it still does.
PARK_S = 25
#: Deaths of workers that make a dead letter.
MOST_DEATHS = 3

_numbers = itertools.count(1)


class RedisConsumer(Consumer):
    """The consumer of one queue. Its thread alone fetches; any thread may end a message."""

    def __init__(self, broker: Owner, shop: Shop, queue_name: str, timeout_ms: int) -> None:
        self._broker, self._shop = broker, shop
        self._queue_name, self._timeout_s = queue_name, timeout_ms / 1000
        self._fetched: deque[Delivery] = deque()
        self._line: Line | None = None
        self._is_parked = False
        self._failures = 0

    def __next__(self) -> MessageProxy | None:
        """Return a message, or None where none came within the timeout."""
        if self._fetched:
            return self._fetched.popleft()
        deadline = time.monotonic() + self._timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            if self._shop.desk.is_stopping:
                time.sleep(min(left_s, 0.05))
                return None
            try:
                self._look(left_s)
            except (OSError, hiredis.HiredisError) as error:
                self._pause(error, left_s)
            if self._fetched:
                return self._fetched.popleft()
        return None

    def ack(self, message: MessageProxy) -> None:
        """End a message that ran, or is to be tried again."""
        self._end(message, is_dead=False)

    def nack(self, message: MessageProxy) -> None:
        """End a message that failed for good."""
        self._end(message, is_dead=True)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back messages that were fetched and not run."""
        self._shop.courier.give_back([each for each in messages if isinstance(each, Delivery)])

    def close(self) -> None:
        """Give back what is left, and hang up."""
        self.requeue(self._fetched)
        self._fetched.clear()
        if self._shop.desk.is_stopping:
            self._shop.courier.give_back(self._shop.desk.held(self._queue_name))
        self._hang_up()

    def _look(self, left_s: float) -> None:
        """Fetch where there is room and something waits; else wait a while."""
        line = self._connected()
        desk = self._shop.desk
        if self._is_parked:
            if not line.has_answer(left_s):
                return
            self._is_parked = False
            _checked(line.receive(time.monotonic() + conf.send_timeout_s()))
        with desk.reserve(self) as (most, few, is_alone):
            if most:
                self._fetch(line, most, few, is_alone)
        if self._fetched:
            return
        if most and (few or not desk.outstanding):
            line.send([self._park_command()], time.monotonic() + conf.send_timeout_s())
            self._is_parked = True
        else:
            desk.wait(min(left_s, 0.05 if desk.outstanding else left_s))

    def _fetch(self, line: Line, most: int, few: int, is_alone: bool) -> None:
        number = f"{next(_numbers):x}"
        command = FETCH(
            self._broker.namespace,
            self._queue_name,
            self._broker.broker_id,
            number,
            most,
            few,
            int(is_alone),
        )
        deadline = time.monotonic() + conf.send_timeout_s()
        answer = _checked(line.exchange([command], deadline)[0])
        self._failures = 0
        self._shop.health.reached()
        suspects, deaths, found = answer[0], answer[1], answer[2:]
        deliveries = [
            self._delivery(found[i].decode(), found[i + 1], number, deaths)
            for i in range(0, len(found), 2)
        ]
        self._shop.desk.take(deliveries)
        if suspects and not deaths:
            self._shop.desk.want_alone(self)
        elif is_alone:
            self._shop.desk.end_alone(self)
        for delivery in deliveries:
            self._admit(delivery)

    def _delivery(self, held_id: str, data: bytes, number: str, deaths: int) -> Delivery:
        try:
            message = Message.decode(data)
        except DecodeError as error:
            message = _undecodable(self._queue_name, held_id, data)
            delivery = Delivery(message, held_id, self._queue_name, number)
            delivery.fail()
            delivery.stuff_exception(error)
            return delivery
        message.options["redis_message_id"] = held_id
        return Delivery(
            message, held_id, self._queue_name, number, is_alone=deaths > 0, deaths=deaths
        )

    def _admit(self, delivery: Delivery) -> None:
        """Pass a message on to the worker, unless it can't be run or has killed too many."""
        if delivery.deaths >= MOST_DEATHS:
            delivery.fail()
            delivery.stuff_exception(
                WorkerDied(
                    message_id=delivery.message_id,
                    actor_name=delivery.actor_name,
                    deaths=delivery.deaths,
                )
            )
        if not delivery.failed:
            self._fetched.append(delivery)
            return
        try:
            self._broker.emit_before("nack", delivery)
        except BrokerConnectionError:
            # The dead letter can't be written now: the message stays with Redis.
            self._shop.desk.end_alone(self)
            self._shop.courier.give_back([delivery])
            self._shop.desk.wait(1.0)
            return
        self.nack(delivery)
        self._broker.emit_after("nack", delivery)

    def _end(self, message: MessageProxy, *, is_dead: bool) -> None:
        assert isinstance(message, Delivery)
        ttl_ms, keeps_result = self._broker.result_options(message)
        end = end_of(message, is_dead=is_dead, ttl_ms=ttl_ms, keeps_result=keeps_result)
        finish_end()
        if message.started:
            self._shop.desk.backlog.learn(time.monotonic() - message.started)
        self._shop.courier.add(end)

    def _park_command(self) -> Command:
        key = f"{self._broker.namespace}:{self._queue_name}"
        return ("BLMOVE", key, key, "LEFT", "LEFT", PARK_S)

    def _connected(self) -> Line:
        if self._line is None:
            self._is_parked = False
            self._line = Line(address_of(conf.redis_url()), conf.send_timeout_s())
        return self._line

    def _pause(self, error: BaseException, left_s: float) -> None:
        self._hang_up()
        self._shop.health.lost(error)
        time.sleep(min(left_s, pause_s(self._failures)))
        self._failures += 1

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def _checked(answer: Any) -> Any:
    if isinstance(answer, ReplyError):
        raise answer
    return answer


def _undecodable(queue_name: str, held_id: str, data: bytes) -> Message[Any]:
    text = data.decode(errors="replace")
    return Message(queue_name, "(undecodable)", (text,), {}, {}, held_id)
