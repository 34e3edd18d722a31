"""Leases: one holder at a time, and free again when that is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from actors import leases
from actors.models import Lease
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_a_free_lease_is_taken_by_the_first_of_many():
    def take(holder: str) -> bool:
        try:
            return leases.take("press", holder, seconds=60)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, map(str, range(8))))

    assert sum(taken) == 1
    assert Lease.objects.get().holder == str(taken.index(True))


def test_one_that_is_held_is_free_for_nobody():
    assert leases.take("press", "ansel", seconds=60)

    assert not leases.take("press", "imogen", seconds=60)
    assert not leases.take("press", "ansel", seconds=60)
    assert leases.take("dryer", "imogen", seconds=60)


def test_one_whose_holder_is_gone_is_free_in_time():
    assert leases.take("press", "ansel", seconds=0.3)

    assert not leases.take("press", "imogen", seconds=60)
    eventually(lambda: leases.take("press", "imogen", seconds=60), within=3)
    assert Lease.objects.get().holder == "imogen"


def test_its_holder_keeps_it_and_nobody_else():
    leases.take("press", "ansel", seconds=0.1)

    assert leases.keep("press", "ansel", seconds=60)
    assert not leases.keep("press", "imogen", seconds=60)
    left = Lease.objects.get().until - timezone.now()
    assert timedelta(seconds=55) < left < timedelta(seconds=65)
