"""The sweep in real workers: one at a time, past a kill, an outage and an emptied Redis."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from actors import sweeper
from actors.connection import client
from actors.models import Lease, OutboxMessage
from media_app import ingest
from media_app.models import Asset, User
from tests import pictures
from tests.fleet import Fleet, FleetWorker
from tests.waiting import eventually

#: With `tests.settings_sweeping`: stale after 1 s, a round each 1.2 s.
SWEEPING = "tests.settings_sweeping"


@pytest.fixture
def sweepers(fleet: Fleet, transactional_db: None) -> Iterator[Callable[[int], list[FleetWorker]]]:
    """Starts workers that sweep."""
    yield lambda count: fleet.start_workers(count, settings_module=SWEEPING)
    fleet.clear()


def upload(count: int) -> None:
    """Accept uploads of one person, as the web process does."""
    owner, _ = User.objects.get_or_create(email="ansel@example.com")
    for seed in range(count):
        photo = pictures.photo(60, 40, seed=seed)
        file = SimpleUploadedFile("photo.jpg", photo, content_type="image/jpeg")
        ingest.receive(file, owner=owner, file_name="photo.jpg")


def are_ready(count: int) -> bool:
    return Asset.objects.filter(state="ready").count() == count


def told_as_sent_again(worker: FleetWorker) -> int:
    """How many images the log tells of: in two rounds, where some were not stale in the first."""
    return sum(map(int, re.findall(r"sent again: (\d+) images", worker.log())))


def test_with_redis_emptied_all_images_get_ready(fleet, sweepers):
    upload(6)
    fleet.empty()
    assert fleet.redis.keys("dramatiq:renditions*") == []

    worker = sweepers(1)[0]

    eventually(lambda: are_ready(6), within=20)
    eventually(lambda: told_as_sent_again(worker) == 6)


def test_with_redis_emptied_under_load_all_images_get_ready(fleet, sweepers):
    sweepers(2)

    upload(8)
    fleet.empty()
    upload(4)
    fleet.empty()

    eventually(lambda: are_ready(12), within=30)
    eventually(lambda: Asset.objects.filter(complete=True).count() == 12, within=30)
    eventually(lambda: not OutboxMessage.objects.exists(), within=20)


def test_one_killed_while_it_has_the_lease_is_followed_by_another(fleet, sweepers):
    first = sweepers(1)[0]
    holder = eventually(lambda: Lease.objects.filter(name=sweeper.LEASE).first()).holder
    first.kill()
    upload(1)
    fleet.empty()

    sweepers(1)

    eventually(lambda: are_ready(1), within=20)
    assert Lease.objects.get(name=sweeper.LEASE).holder != holder


def test_while_another_has_the_lease_nothing_is_swept(fleet, sweepers):
    sweepers(1)
    upload(1)
    eventually(lambda: Asset.objects.filter(complete=True).exists(), within=20)

    until = timezone.now() + timedelta(seconds=3)
    eventually(lambda: Lease.objects.update(holder="somebody", until=until))
    long_ago = timezone.now() - timedelta(minutes=1)
    Asset.objects.update(
        state="developing", complete=False, task_id=uuid.uuid4(), created_at=long_ago
    )

    eventually(lambda: are_ready(1), within=20)
    assert Asset.objects.get().developed_at > until


def test_while_redis_is_away_nothing_is_sent_and_one_line_says_so(fleet, sweepers):
    worker = sweepers(1)[0]
    fleet.server.stop()
    upload(1)
    OutboxMessage.objects.all().delete()
    sent_before = Asset.objects.get().task_id

    eventually(lambda: "The sweep waits" in worker.log(), within=20)
    for _ in range(2):
        ends: Any = Lease.objects.get().until
        eventually(lambda ends=ends: Lease.objects.get().until > ends, within=10)

    assert worker.log().count("The sweep waits: ") == 1
    assert Asset.objects.get().task_id == sent_before
    fleet.server.start()
    eventually(lambda: are_ready(1), within=20)


def test_what_fails_beside_it_does_not_stop_the_sweep(
    valkey, transactional_db, settings, monkeypatch, caplog
):
    def fail() -> int:
        raise LookupError("no such letter")

    monkeypatch.setattr(sweeper.retention, "prune", fail)
    settings.ACTORS_SWEEP_AFTER_S, settings.ACTORS_SWEEP_INTERVAL_S = 0.01, 0.1
    upload(1)
    sent = Asset.objects.get().task_id
    client().flushall()
    middleware: Any = sweeper.Sweep()

    middleware.after_worker_boot(None, None)
    try:
        eventually(lambda: Asset.objects.get().task_id != sent)
        eventually(lambda: "The sweep failed; it goes on." in caplog.text)
    finally:
        middleware.before_worker_shutdown(None, None)
