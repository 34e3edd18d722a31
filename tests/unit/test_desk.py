"""The desk: how much a worker process may take, and when it takes nothing else for a suspect."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from dramatiq import Message

from actors.worker import desk as desk_module
from actors.worker.deliveries import Delivery
from actors.worker.desk import (
    AHEAD_S,
    ALONE_INSISTS_S,
    ALONE_PATIENCE_S,
    ALONE_PAUSE_S,
    MOST_AHEAD,
    Desk,
)

#: Seconds that messages take: as many as `AHEAD` are fetched ahead.
QUICK_S, AHEAD = 0.0005, 20
THREADS = 4


class Clock:
    """Stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(desk_module, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk(THREADS)
    desk.backlog.duration_s = QUICK_S
    yield desk
    desk.stop()


def deliveries(count: int, *, is_alone: bool = False) -> list[Delivery]:
    made = [Message("default", "note", (), {}, {}) for _ in range(count)]
    return [Delivery(each, each.message_id, "default", "1", is_alone=is_alone) for each in made]


def taken(desk: Desk, count: int, *, is_alone: bool = False) -> list[Delivery]:
    """Return messages that the desk has in hand now."""
    some = deliveries(count, is_alone=is_alone)
    desk.take(some)
    return some


def room(desk: Desk, consumer: object = "consumer") -> tuple[int, int, bool]:
    with desk.reserve(consumer) as found:
        return found


@pytest.mark.parametrize(
    ("duration_s", "most"),
    [
        (AHEAD_S * 10, 1),
        (AHEAD_S / 5, THREADS + 5),
        (QUICK_S, THREADS + AHEAD),
        (1e-9, THREADS + MOST_AHEAD),
    ],
)
def test_there_is_room_for_what_is_run_soon(desk: Desk, duration_s: float, most: int) -> None:
    desk.backlog.duration_s = duration_s

    found = room(desk)

    assert found == (most, min(most, THREADS), True)


def test_a_limit_that_was_set_holds_however_quick_messages_are() -> None:
    desk = Desk(THREADS, most=6)
    desk.backlog.duration_s = QUICK_S

    found = room(desk)

    assert found == (6, 4, True)


def test_room_opens_when_half_has_ended(desk: Desk) -> None:
    in_hand = taken(desk, THREADS + AHEAD)

    desk.release(in_hand[:11])
    before = room(desk)
    desk.release(in_hand[11:12])
    after = room(desk)

    assert before == (0, 0, False)
    assert after == (12, 0, False)


def test_a_thread_without_work_is_reason_enough(desk: Desk) -> None:
    desk.backlog.duration_s = AHEAD_S / 4
    taken(desk, THREADS - 1)

    found = room(desk)

    assert found == (5, 1, False)


def test_what_is_on_its_way_to_one_consumer_is_no_room_for_another(desk: Desk) -> None:
    with desk.reserve("first"):
        found = room(desk, "second")

    assert found == (0, 0, False)
    assert desk.outstanding == 0


def test_who_waits_for_room_hears_when_half_has_ended(desk: Desk) -> None:
    in_hand = taken(desk, THREADS + AHEAD)
    heard = threading.Event()
    waiting = threading.Thread(target=lambda: (desk.wait(20), heard.set()))
    waiting.start()

    desk.release(in_hand[:11])
    is_too_early = heard.wait(0.05)
    desk.release(in_hand[11:12])

    assert not is_too_early
    assert heard.wait(5)
    waiting.join(5)


def test_a_message_released_twice_counts_once(desk: Desk) -> None:
    (suspect,) = taken(desk, 1, is_alone=True)

    desk.release([suspect])
    desk.release([suspect])

    assert desk.outstanding == 0
    assert room(desk)[2]


def test_beside_a_suspect_nothing_is_taken(desk: Desk) -> None:
    suspects = taken(desk, 1, is_alone=True)

    beside = room(desk)
    desk.release(suspects)

    assert beside == (0, 0, False)
    assert room(desk)[0] > 0


def test_who_wants_to_run_a_suspect_waits_until_nothing_is_in_hand(desk: Desk) -> None:
    in_hand = taken(desk, 2)

    granted = desk.want_alone("one"), desk.want_alone("other")
    before = room(desk, "one")
    desk.release(in_hand)

    assert granted == (True, False)
    assert before == (0, 0, False)
    assert room(desk, "other") == (0, 0, False)
    assert room(desk, "one") == (1, 1, True)


def test_after_a_suspect_the_others_have_room_again(desk: Desk) -> None:
    desk.want_alone("one")
    desk.end_alone("other")
    still = room(desk, "other")

    desk.end_alone("one")

    assert still == (0, 0, False)
    assert room(desk, "other")[0] > 0


def test_it_gives_up_a_suspect_while_what_is_in_hand_takes_long_and_tries_again(
    desk: Desk, clock: Clock
) -> None:
    taken(desk, 1)
    desk.want_alone("one")

    clock.now += ALONE_PATIENCE_S + 0.1
    room(desk, "one")
    others = room(desk, "other")
    at_once = desk.want_alone("one")
    clock.now += ALONE_PAUSE_S
    later = desk.want_alone("one")

    assert others[0] > 0
    assert not at_once
    assert later


def test_after_a_minute_it_insists(desk: Desk, clock: Clock) -> None:
    in_hand = taken(desk, 1)
    begun = clock.now
    while clock.now < begun + ALONE_INSISTS_S:
        desk.want_alone("one")
        room(desk, "one")
        clock.now += 0.5
    desk.want_alone("one")

    clock.now += 10 * ALONE_PATIENCE_S
    meanwhile = room(desk, "other")
    desk.release(in_hand)

    assert meanwhile == (0, 0, False)
    assert room(desk, "one") == (1, 1, True)


def test_who_insisted_once_is_patient_with_the_next(desk: Desk, clock: Clock) -> None:
    desk.want_alone("one")
    clock.now += ALONE_INSISTS_S
    desk.end_alone("one")
    taken(desk, 1)
    desk.want_alone("one")

    clock.now += ALONE_PATIENCE_S + 0.1
    room(desk, "one")

    assert room(desk, "other")[0] > 0


def test_one_that_stops_has_no_room_and_says_so_at_once(desk: Desk) -> None:
    begun = time.monotonic()
    waiting = threading.Thread(target=desk.wait, args=(20,))
    waiting.start()
    while not desk.changed._waiters:  # type: ignore[attr-defined]
        assert time.monotonic() < begun + 5

    desk.stop()

    waiting.join(5)
    assert not waiting.is_alive()
    assert room(desk) == (0, 0, False)
    assert desk.is_stopping


def test_it_tells_what_is_held_of_a_queue(desk: Desk) -> None:
    in_hand = taken(desk, 2)
    in_hand[0].held_queue = "mail"

    found = desk.held("mail"), desk.held("default"), desk.held()

    assert found == ([in_hand[0]], [in_hand[1]], in_hand)
