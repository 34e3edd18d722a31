"""What the sweep finds of ours: images, mails and batches whose message is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from dramatiq import Message

from actors import sweeping
from actors.connection import client
from actors.emailing import send_soon
from actors.resizing import make_preview
from actors.signals import requeued
from media_app import ingest, notices
from media_app.models import Asset, Batch, Notice, User

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")

KINDS = Notice.Kind
STATES = Notice.State


@pytest.fixture
def asset(ansel: User, jpeg: bytes) -> Asset:
    """An upload; its owner's own mails are out of the way."""
    file = SimpleUploadedFile("photo.jpg", jpeg, content_type="image/jpeg")
    made = ingest.receive(file, owner=ansel, file_name="photo.jpg")
    Notice.objects.all().delete()
    return made


def sweep() -> dict[str, int]:
    """How many were sent again, by their kind."""
    accounts = sweeping.sweep_once(older_than=timedelta(0))
    assert not any(each.error for each in accounts)
    return {each.name: each.sent for each in accounts if each.sent}


def in_redis(queue: str) -> list[tuple[str, tuple[Any, ...], str]]:
    """Actor, arguments and id of each message."""
    key = f"{dramatiq.get_broker().namespace}:{queue}.msgs"
    found = [Message.decode(data) for data in client().hvals(key)]
    return [(each.actor_name, tuple(each.args), each.message_id) for each in found]


def test_an_upload_names_its_message(asset):
    assert in_redis("previews") == [("make_preview", (str(asset.pk),), str(asset.task_id))]
    assert sweep() == {}


def test_a_lost_image_and_its_lost_batch_are_sent_again(asset):
    batch = Batch.objects.get()
    client().flushall()

    sent = sweep()

    asset.refresh_from_db()
    batch.refresh_from_db()
    assert sent == {"images": 1, "batches": 1}
    assert in_redis("previews") == [("make_preview", (str(asset.pk),), str(asset.task_id))]
    assert in_redis("mail") == [("close_batch", (batch.pk,), str(batch.task_id))]
    assert sweep() == {}


def test_an_image_that_its_owner_tries_again_names_its_new_message(asset):
    Asset.objects.update(state="failed")
    client().flushall()

    assert ingest.retry(asset.pk, asset.owner_id)

    asset.refresh_from_db()
    assert [each[2] for each in in_redis("previews")] == [str(asset.task_id)]
    assert "images" not in sweep()


@pytest.mark.parametrize("state", ["ready", "failed"])
def test_an_image_that_has_ended_is_left_alone(asset, state):
    Asset.objects.update(state=state)
    client().flushall()

    assert "images" not in sweep()


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_lost_mail_is_sent_again_by_its_own_actor(ansel, kind):
    Notice.objects.all().delete()
    with transaction.atomic():
        notice = notices.queue(kind, ansel)
        send_soon(notice)
    assert sweep() == {}
    client().flushall()

    sent = sweep()

    notice.refresh_from_db()
    assert sent == {"mails": 1}
    assert in_redis("mail") == [(f"send_{kind}_email", (notice.pk,), str(notice.task_id))]


def test_a_mail_that_a_dead_worker_had_begun_is_looked_at_again(ansel, settings):
    settings.MAIL_LEASE_S = 45.0
    begun = timezone.now() - timedelta(seconds=44)
    Notice.objects.update(state=STATES.SENDING, claimed_at=begun)
    client().flushall()

    assert sweep() == {}
    Notice.objects.update(claimed_at=begun - timedelta(seconds=5))
    assert sweep() == {"mails": 1}


@pytest.mark.parametrize("state", [STATES.SENT, STATES.FAILED, STATES.UNKNOWN, STATES.SKIPPED])
def test_a_mail_that_has_ended_is_left_alone(ansel, state):
    Notice.objects.update(state=state)
    client().flushall()

    assert sweep() == {}


def test_a_closed_batch_is_left_alone(asset):
    Batch.objects.update(closed_at=timezone.now())
    client().flushall()

    assert "batches" not in sweep()


def test_a_requeued_image_names_the_message_that_runs_again(asset):
    Asset.objects.update(state="failed")
    message = make_preview.message(str(asset.pk))

    with transaction.atomic():
        requeued.send(None, message=message)

    asset.refresh_from_db()
    assert (asset.state, str(asset.task_id)) == ("developing", message.message_id)
