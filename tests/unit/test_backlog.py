"""The backlog: what a worker process has fetched and not started."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Empty
from typing import Any, NamedTuple

import pytest

from actors.worker.backlog import QUICK_S, Backlog
from tests.waiting import eventually

#: Seconds that messages take for which another thread is worth waking.
LONG_S = 1.0


class Item(NamedTuple):
    """What Dramatiq's worker puts there."""

    priority: int
    message: str


@pytest.fixture
def backlog() -> Backlog:
    return Backlog()


class Takers:
    """Threads that take one item each."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog, self._threads = backlog, list[threading.Thread]()
        self.taken: list[str] = []

    def start(self, count: int) -> None:
        """Start some, and wait until all wait."""
        for _ in range(count):
            self._threads.append(threading.Thread(target=self._take))
            self._threads[-1].start()
        eventually(lambda: self._backlog.idle == count, what="all takers wait")

    def join(self) -> None:
        for thread in self._threads:
            thread.join(5)

    def _take(self) -> None:
        self.taken.append(self._backlog.get(timeout=20).message)


@pytest.fixture
def takers(backlog: Backlog) -> Iterator[Takers]:
    takers = Takers(backlog)
    yield takers
    for _ in range(backlog.idle):
        backlog.put(Item(0, "over"))
    with backlog._filled:
        backlog._filled.notify_all()
    takers.join()


@pytest.fixture
def woken(backlog: Backlog, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows with each thread that would be woken; none gets up before the test is over."""
    seen: list[None] = []

    def wake() -> None:
        backlog._woken += 1
        seen.append(None)

    monkeypatch.setattr(backlog, "_wake", wake)
    return seen


def messages_of(items: list[Any]) -> list[str]:
    return [item.message for item in items]


def test_lower_priorities_come_first_and_then_the_oldest(backlog: Backlog) -> None:
    for priority, message in [(5, "e"), (0, "b"), (-1, "a"), (0, "c"), (5, "f"), (1, "d")]:
        backlog.put(Item(priority, message))

    taken = [backlog.get_nowait() for _ in range(6)]

    assert messages_of(taken) == list("abcdef")


def test_one_that_waits_for_nothing_is_told_so(backlog: Backlog) -> None:
    with pytest.raises(Empty):
        backlog.get_nowait()

    with pytest.raises(Empty):
        backlog.get(timeout=0.01)


def test_it_tells_how_many_wait(backlog: Backlog) -> None:
    backlog.put_nowait(Item(0, "a"))
    backlog.put_nowait(Item(1, "b"))

    seen = (len(backlog), backlog.qsize(), backlog.empty(), backlog.unfinished_tasks)

    assert seen == (2, 2, False, 2)


def test_one_that_comes_is_taken_by_a_thread_that_waits(backlog: Backlog, takers: Takers) -> None:
    takers.start(3)

    backlog.put(Item(0, "a"))

    eventually(lambda: takers.taken == ["a"])
    assert backlog.idle == 2


@pytest.mark.parametrize(
    ("duration_s", "count"), [(QUICK_S / 10, 1), (LONG_S, 3)], ids=["quick", "long"]
)
def test_quick_messages_wake_one_thread_for_all_and_long_ones_one_each(
    backlog: Backlog, takers: Takers, woken: list[None], duration_s: float, count: int
) -> None:
    backlog.duration_s = duration_s
    takers.start(3)

    for message in "abcd":
        backlog.put(Item(0, message))

    assert len(woken) == count


def test_a_thread_that_leaves_long_messages_behind_wakes_the_next(
    backlog: Backlog, takers: Takers, woken: list[None]
) -> None:
    backlog.duration_s = QUICK_S / 10
    takers.start(3)
    for message in "abc":
        backlog.put(Item(0, message))
    backlog.duration_s = LONG_S

    backlog.get_nowait()

    assert len(woken) == 2


def test_a_thread_more_is_woken_where_those_awake_are_stuck(
    backlog: Backlog, takers: Takers, woken: list[None]
) -> None:
    backlog.duration_s = QUICK_S / 10
    takers.start(2)
    backlog.put(Item(0, "a"))
    backlog.put(Item(0, "b"))

    backlog.wake_one()

    assert len(woken) == 2


def test_nobody_is_woken_where_nothing_waits(
    backlog: Backlog, takers: Takers, woken: list[None]
) -> None:
    takers.start(1)

    backlog.wake_one()

    assert woken == []


def test_join_waits_until_all_are_done(backlog: Backlog) -> None:
    backlog.put(Item(0, "a"))
    backlog.put(Item(0, "b"))
    joined = threading.Thread(target=backlog.join)
    joined.start()

    for _ in range(2):
        backlog.get()
        assert joined.is_alive()
        backlog.task_done()

    joined.join(5)
    assert not joined.is_alive()


def test_what_is_emptied_out_comes_in_order_and_counts_as_done(backlog: Backlog) -> None:
    for priority, message in [(1, "c"), (0, "a"), (0, "b")]:
        backlog.put(Item(priority, message))

    out = backlog.empty_out()
    backlog.join()

    assert messages_of(out) == list("abc")
    assert backlog.empty()


@pytest.mark.parametrize(
    ("known_s", "took_s", "learned_s"),
    [(1.0, 0.002, 0.002), (0.001, 0.002, 0.0011), (0.001, 0.1, 0.1), (0.1, 0.001, 0.0901)],
    ids=["the first counts in full", "a little", "far longer at once", "far shorter slowly"],
)
def test_it_learns_how_long_messages_take(
    backlog: Backlog, known_s: float, took_s: float, learned_s: float
) -> None:
    backlog.duration_s = known_s

    backlog.learn(took_s)

    assert backlog.duration_s == pytest.approx(learned_s)
