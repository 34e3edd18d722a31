"""Takes messages of one queue off Redis, for Dramatiq's worker.

Fetches as much as the desk has room for, and parks where nothing waits. Whatever happens to the
connection, it goes on by itself.
"""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import hiredis
from dramatiq import Message
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import BrokerConnectionError, DecodeError

from actors.errors import WorkerDied
from actors.worker.deliveries import Delivery, finish_end
from actors.worker.ends import end_of
from actors.worker.fetcher import Fetched, Fetcher
from actors.worker.health import pause_s
from actors.worker.owner import Owner
from actors.worker.shop import Shop

#: Seconds that a message which woke this worker has the interpreter for itself.
FIRST_S = 0.001
#: Deaths of workers that make a dead letter.
MOST_DEATHS = 3


class RedisConsumer(Consumer):
    """The consumer of one queue. Its thread alone fetches; any thread may end a message."""

    def __init__(self, broker: Owner, shop: Shop, queue_name: str, timeout_ms: int) -> None:
        self._broker, self._shop = broker, shop
        self._queue_name, self._timeout_s = queue_name, timeout_ms / 1000
        self._fetched: deque[Delivery] = deque()
        self._fetcher = Fetcher(broker.namespace, broker.broker_id, queue_name)
        #: Whether the queue may have more than the last fetch brought.
        self._expects_more = True
        self._was_idle = False
        self._failures = 0

    def __next__(self) -> MessageProxy | None:
        """Return a message, or None where none came within the timeout."""
        if self._fetched:
            return self._fetched.popleft()
        deadline = time.monotonic() + self._timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            if self._shop.desk.is_stopping:
                self._finish()
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
        self._finish()
        if self._shop.desk.is_stopping:
            # What has run to its end and could not be sent yet leaves with that end, or not at all.
            held = self._shop.desk.held(self._queue_name)
            self._shop.courier.give_back([each for each in held if each.plan is None])
        if self._shop.keeper is None:
            # Outside of a worker the shop is this consumer's own.
            self._shop.close()

    def _look(self, left_s: float) -> None:
        """Fetch where there is room and something waits; else wait a while."""
        desk, fetcher = self._shop.desk, self._fetcher
        if fetcher.is_parked:
            if fetched := fetcher.collect(left_s):
                self._receive(fetched, is_alone=False)
                self._was_idle = True
            return
        if self._was_idle:
            # The thread that was woken for it goes first: parking would take the interpreter.
            self._was_idle = False
            desk.wait_for_end(FIRST_S)
        with desk.reserve(self) as (most, few, is_alone):
            if most and self._expects_more:
                self._receive(fetcher.fetch(most, few, is_alone=is_alone), is_alone=is_alone)
                return
        if few:
            fetcher.park(few)
            desk.watch()
        else:
            desk.watch()
            desk.wait(min(left_s, 0.05 if desk.outstanding else left_s))

    def _receive(self, fetched: Fetched, *, is_alone: bool) -> None:
        self._failures = 0
        self._shop.health.reached()
        self._expects_more = fetched.is_full
        deliveries = [self._delivery(fetched, *message) for message in fetched.messages]
        self._shop.desk.take(deliveries)
        if fetched.suspects and not fetched.deaths:
            self._expects_more = self._shop.desk.want_alone(self) or fetched.is_full
            if is_alone:
                # Redis knows of something in hand that has not been seen here yet.
                self._shop.desk.wait(0.05)
        elif is_alone:
            self._shop.desk.end_alone(self)
        for delivery in deliveries:
            self._admit(delivery)

    def _finish(self) -> None:
        """Give back what was fetched and not passed on, and hang up."""
        self.requeue(self._fetched)
        self._fetched.clear()
        try:
            self._fetcher.finish()
        except (OSError, hiredis.HiredisError) as error:
            self._shop.health.lost(error)

    def _delivery(self, fetched: Fetched, held_id: str, data: bytes) -> Delivery:
        queue_name, number, deaths = self._queue_name, fetched.number, fetched.deaths
        try:
            message = _decoded(data)
        except DecodeError as error:
            message = Message(queue_name, "(undecodable)", (), {}, {}, held_id)
            delivery = Delivery(message, held_id, queue_name, number)
            delivery.raw = data
            delivery.fail()
            delivery.stuff_exception(error)
            return delivery
        if message.queue_name != queue_name:
            # A worker's thread looks up the message's consumer by it.
            message = dataclasses.replace(message, queue_name=queue_name)
        message.options["redis_message_id"] = held_id
        return Delivery(message, held_id, queue_name, number, is_alone=deaths > 0, deaths=deaths)

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
        if not isinstance(message, Delivery):
            # It never came from here, so Redis holds nothing of it.
            return
        ttl_ms, keeps_result = self._broker.result_options(message)
        end = end_of(message, is_dead=is_dead, ttl_ms=ttl_ms, keeps_result=keeps_result)
        finish_end()
        if message.started:
            self._shop.desk.backlog.learn(time.monotonic() - message.started)
        self._shop.courier.add(end)

    def _pause(self, error: BaseException, left_s: float) -> None:
        self._fetcher.hang_up()
        self._expects_more = True
        self._shop.health.lost(error)
        time.sleep(min(left_s, pause_s(self._failures)))
        self._failures += 1


def _decoded(data: bytes) -> Message[Any]:
    """Return the message.

    Raises:
        DecodeError: It is none, or one whose parts Dramatiq's worker would stumble over.
    """
    message: Message[Any] = Message.decode(data)
    if type(message.options) is dict and type(message.kwargs) is dict:
        names = (message.message_id, message.actor_name, message.queue_name)
        if all(type(name) is str for name in names):
            return message
    raise DecodeError("Failed to decode message.", data, TypeError("a part has a wrong type"))
