"""The breaker of the outbox: one waits in vain, the others pass, and who tries next finds out."""

from __future__ import annotations

import pytest

from actors.outbox import breaker
from actors.outbox.breaker import PAUSE_S, Breaker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [1000.0]
    monkeypatch.setattr(breaker.time, "monotonic", lambda: now[0])
    return now


def test_as_long_as_it_works_all_try(clock):
    breaker = Breaker()

    assert breaker.worked() is False
    assert [breaker.lets_try() for _ in range(3)] == [True, True, True]


def test_after_a_failure_the_others_pass_until_one_tries_again(clock):
    breaker = Breaker()

    assert breaker.failed() is True
    assert breaker.lets_try() is False
    clock[0] += PAUSE_S
    assert [breaker.lets_try() for _ in range(3)] == [True, False, False]
    assert breaker.failed() is False
    assert breaker.lets_try() is False


def test_the_one_that_succeeds_lets_all_try_again(clock):
    breaker = Breaker()
    breaker.failed()
    clock[0] += PAUSE_S
    breaker.lets_try()

    assert breaker.worked() is True
    assert [breaker.lets_try() for _ in range(3)] == [True, True, True]


def test_one_that_never_told_how_it_went_is_followed_by_another(clock):
    breaker = Breaker()
    breaker.failed()
    clock[0] += PAUSE_S
    breaker.lets_try()

    clock[0] += 10

    assert breaker.lets_try() is True
