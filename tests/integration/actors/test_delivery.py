"""What Redis knows of who holds what, script by script: nothing in it is ever lost from sight."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest

from actors.broker import RedisBroker
from actors.connection import client
from actors.wire import lines
from actors.wire.scripts import ENQUEUE, FETCH, GIVE_BACK, KEEP, REAP
from actors.worker.deliveries import Delivery, begin_end
from tests.tutorial.tasks import note

Q = "unattended:default"
_numbers = itertools.count(1)


class Hand:
    """A worker by name: calls the scripts as a worker does."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex
        self.keep()

    def keep(self) -> None:
        run(KEEP, self.name, 200, 1000, 10_000, "default")

    def fetch(self, most: int = 10, *, alone: bool = True, number: str = "") -> list[str]:
        """Return the ids that a fetch brings; `deaths` says of a suspect how many it has."""
        self.number = number or f"{next(_numbers):x}"
        answer = run(FETCH, "default", self.name, self.number, most, most, int(alone))
        self.suspects, self.deaths = answer[:2]
        return [each.decode() for each in answer[2::2]]

    def give_back(self, *ids: str) -> int:
        fields = [field for each in ids for field in ("default", each, self.number)]
        given: int = run(GIVE_BACK, self.name, *fields)
        return given

    def die(self) -> None:
        """Vanish; another looks when it has been silent for too long."""
        client().zadd("unattended:__workers__", {self.name: 0})
        assert run(REAP, 10_000, 200)[0].decode() == self.name


def run(script: Any, *arguments: Any) -> Any:
    return lines.call(*script("unattended", *arguments), action="test a script")


def send(*ids: str, priority: int = 0) -> None:
    how = f"0,{priority}" if priority else ""
    run(ENQUEUE, "default", *(field for each in ids for field in (each, "{}", how)))


def members(part: str) -> list[str]:
    return [each.decode() for each in client().lrange(f"{Q}{part}", 0, -1)]  # type: ignore[union-attr]


@pytest.fixture
def hand(valkey: None) -> Hand:
    return Hand()


def test_what_woke_a_worker_that_vanished_is_taken_first_by_the_next(hand: Hand) -> None:
    send("1", "2", "3")
    client().blmove(Q, f"{Q}.woken", 1, "LEFT", "RIGHT")

    taken = hand.fetch(2)

    assert taken == ["1", "2"]
    assert members(".woken") == []
    assert members("") == ["3"]


def test_what_woke_workers_that_vanished_is_put_back_in_its_place(hand: Hand) -> None:
    send("1", "2", "3")
    for _ in range(2):
        client().blmove(Q, f"{Q}.woken", 1, "LEFT", "RIGHT")

    hand.keep()

    assert members(".woken") == []
    assert members("") == ["1", "2", "3"]


def test_what_woke_a_worker_that_takes_nothing_now_goes_to_another_at_once(hand: Hand) -> None:
    send("suspect")
    hand.fetch()
    hand.die()
    alone = Hand()
    alone.fetch()
    client().delete(Q)
    send("1", "2")
    client().blmove(Q, f"{Q}.woken", 1, "LEFT", "RIGHT")

    alone.fetch(alone=False)

    assert members(".woken") == []
    assert members("") == ["1", "2"]


def test_what_is_given_back_waits_before_all_others_in_its_order(hand: Hand) -> None:
    send("1", "2", "3", "4")
    taken = hand.fetch(3)

    given = hand.give_back(*taken)

    assert given == 3
    assert members("") == ["1", "2", "3", "4"]
    assert hand.fetch(4) == ["1", "2", "3", "4"]


def test_what_is_given_back_keeps_its_priority(hand: Hand) -> None:
    send("plain")
    send("first", "second", priority=5)
    hand.give_back(*hand.fetch(1))

    taken = hand.fetch(3)

    assert taken == ["first", "second", "plain"]


def test_what_is_held_no_more_is_not_given_back(hand: Hand) -> None:
    send("1")
    hand.fetch()
    hand.give_back("1")
    other = Hand()
    other.fetch()

    given = hand.give_back("1")

    assert given == 0
    assert client().hkeys(f"unattended:__held__:{other.name}") == [b"1"]
    assert members("") == []


def test_a_suspect_is_taken_by_a_worker_with_nothing_else_and_bars_it_from_more(
    hand: Hand,
) -> None:
    send("1", "2", "3")
    hand.fetch(2)
    hand.die()
    other = Hand()

    first = other.fetch(2, alone=True)
    beside = other.fetch(2, alone=False)

    assert (first, other.suspects) == (["1"], 1)
    assert beside == []
    assert client().get(f"unattended:__alone__:{other.name}") == b"1"


def test_a_worker_with_something_in_hand_takes_no_suspect(hand: Hand) -> None:
    send("1", "2")
    hand.fetch(1)
    hand.die()
    other = Hand()
    other.fetch(1, alone=False)

    taken = other.fetch(1, alone=True)

    assert taken == []
    assert other.suspects == 1


def test_a_suspect_that_is_given_back_is_one_still_and_its_worker_free(hand: Hand) -> None:
    send("1")
    hand.fetch()
    hand.die()
    other = Hand()
    other.fetch()
    send("2")

    other.give_back("1")

    assert members(".suspects") == ["1"]
    assert client().exists(f"unattended:__alone__:{other.name}") == 0
    assert other.fetch(alone=False) == ["2"]


def test_only_who_died_alone_with_its_worker_is_charged_again(hand: Hand) -> None:
    send("killer", "bystander")
    hand.fetch(2)
    hand.die()
    second = Hand()
    alone = second.fetch(1)

    second.die()

    assert alone == ["killer"]
    assert client().hgetall(f"{Q}.deaths") == {b"killer": b"2", b"bystander": b"1"}


def test_who_died_among_others_again_is_charged_no_more(hand: Hand) -> None:
    send("1")
    hand.fetch()
    hand.die()
    client().delete(f"{Q}.suspects")
    client().rpush(Q, "1")
    second = Hand()
    second.fetch(alone=False)

    second.die()

    assert client().hgetall(f"{Q}.deaths") == {b"1": b"1"}


def test_a_dead_suspects_worker_leaves_nothing_behind(hand: Hand) -> None:
    send("1")
    hand.fetch()
    hand.die()
    second = Hand()
    second.fetch()

    second.die()

    names = [b":__alone__:", b":__held__:"]
    assert not [key for key in client().keys("unattended:*") if any(n in key for n in names)]  # type: ignore[union-attr]
    assert client().zcard("unattended:__workers__") == 0
    assert members(".suspects") == ["1"]


def test_an_outage_right_after_the_first_fetch_is_no_silence(hand: Hand) -> None:
    client().delete("unattended:__clock__", "unattended:__workers__")
    send("a")
    hand.fetch()

    time.sleep(0.05)  # the length of the outage
    run(KEEP, "other", 200, 1000, 20, "default")

    assert run(REAP, 20, 200)[0] == b""


def test_a_fetch_that_was_given_up_takes_nothing_when_redis_meets_it_late(hand: Hand) -> None:
    send("1")
    client().hset(f"unattended:__void__:{hand.name}", "ff", 1)

    taken = hand.fetch(number="ff")

    assert taken == []
    assert members("") == ["1"]
    assert hand.fetch() == ["1"]


def test_a_suspect_wakes_a_worker_that_parked_meanwhile(hand: Hand) -> None:
    send("1")
    hand.fetch()
    hand.die()
    client().delete(Q)

    Hand()

    assert members("") == ["*"]


@pytest.fixture
def elsewhere(valkey: None) -> Iterator[Callable[[str], RedisBroker]]:
    """Brokers of other namespaces, which declare one queue."""
    made = []

    def make(namespace: str) -> RedisBroker:
        broker = RedisBroker(namespace=namespace, middleware=[])
        broker.declare_queue("default")
        made.append(broker)
        return broker

    yield make
    for broker in made:
        broker.close()


def test_namespaces_do_not_see_each_other(elsewhere: Callable[[str], RedisBroker]) -> None:
    one, other = elsewhere("one"), elsewhere("other")
    sent = one.enqueue(note.message("plate"))

    consumers = [broker.consume("default", timeout=300) for broker in (other, one)]
    found = [next(consumer) for consumer in consumers]

    assert found[0] is None
    assert found[1] is not None
    assert found[1].message_id == sent.message_id
    assert not client().keys("other:default*")
    for consumer in consumers:
        consumer.close()


def test_the_dead_of_one_namespace_are_left_to_it(
    hand: Hand, elsewhere: Callable[[str], RedisBroker]
) -> None:
    send("1")
    hand.fetch()
    client().zadd("unattended:__workers__", {hand.name: 0})

    found = lines.call(*REAP("other", 10_000, 200), action="look for the dead")

    assert found == [b"", 0, 0]
    assert dramatiq.get_broker().namespace == "unattended"  # type: ignore[attr-defined]


def test_what_has_ended_while_redis_was_away_is_not_given_back_when_its_worker_stops(
    elsewhere: Callable[[str], RedisBroker], settings: Any
) -> None:
    broker = elsewhere("one")
    broker.enqueue(note.message("plate"))
    consumer = broker.consume("default", timeout=5_000)
    message = next(consumer)
    assert isinstance(message, Delivery)
    url, settings.ACTORS_REDIS_URL = settings.ACTORS_REDIS_URL, "unix:///nowhere/redis.sock"
    begin_end(message)
    consumer.ack(message)

    settings.ACTORS_REDIS_URL = url
    consumer._shop.desk.stop()  # type: ignore[attr-defined]
    consumer.close()

    assert client().exists("one:default", "one:default.msgs") == 0
