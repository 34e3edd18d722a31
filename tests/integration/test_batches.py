"""Batches: one mail for what was uploaded together, and none where the owner saw it all."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as conf
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.utils import timezone

from actors import emailing
from actors.testing import assert_sent, run_sent
from actors.testing.fixtures import stub_broker
from media_app import batches, ingest, mails, renditions
from media_app.exceptions import BatchOpen
from media_app.models import Asset, Batch, Notice, User

__all__ = ["stub_broker"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(stub_broker, transactional_db) -> User:
    person = User.objects.create_user("imogen@example.org", "magnolia blossom, 1925")
    Notice.objects.all().delete()
    return person


def upload(jpeg: bytes, owner: User, name: str, batch: UUID | None = None) -> Asset:
    return ingest.receive(SimpleUploadedFile(name, jpeg), owner=owner, file_name=name, batch=batch)


def end(*assets: Asset, failed: str = "") -> None:
    """End assets as a worker does, or fail them for a reason."""
    for asset in assets:
        if failed:
            renditions.mark_failed(asset.pk, failed)
        else:
            Asset.objects.filter(pk=asset.pk).update(state="ready", complete=True)


def a_quiet_minute_passes() -> None:
    Batch.objects.update(last_upload_at=timezone.now() - timedelta(seconds=conf.BATCH_QUIET_S))


def close(batch: Batch | None = None) -> str:
    """Look at the batch as its message does: "mail", "none", or "open"."""
    batch = batch or Batch.objects.get()
    try:
        return "mail" if emailing.close_batch(batch.pk) else "none"
    except emailing.Retry:
        return "open"


def send_all() -> list[Any]:
    """Send the mails that are queued; return what has left."""
    for notice in Notice.objects.filter(kind=Notice.Kind.IMAGES_READY):
        emailing.send_images_ready_email(notice.pk)
    return mail.outbox


def test_three_uploads_in_a_batch_with_one_failing_make_one_mail_that_names_it(
    jpeg: bytes, owner: User
):
    key = uuid.uuid4()
    assets = [upload(jpeg, owner, f"{name}.jpg", key) for name in ("dune", "leaf", "<shell>")]
    end(*assets[:2])
    end(assets[2], failed="The picture is damaged.")
    a_quiet_minute_passes()

    outcomes = [close(), close()]

    [left] = send_all()
    html = left.alternatives[0].content
    assert outcomes == ["mail", "none"]
    assert left.subject == "2 pictures are ready, 1 failed"
    assert "<shell>.jpg\n  The picture is damaged." in left.body
    assert "&lt;shell&gt;.jpg" in html
    assert "dune" not in left.body
    assert f"{conf.BASE_URL}/" in left.body


def test_a_batch_closes_only_when_nothing_came_for_a_minute_and_all_have_ended(
    jpeg: bytes, owner: User
):
    asset = upload(jpeg, owner, "dune.jpg", uuid.uuid4())

    fresh = close()
    a_quiet_minute_passes()
    developing = close()
    upload(jpeg, owner, "leaf.jpg", asset.batch)
    end(*Asset.objects.all())
    extended = close()
    a_quiet_minute_passes()
    over = close()

    assert (fresh, developing, extended, over) == ("open", "open", "open", "mail")


def test_a_batch_that_is_open_is_looked_at_when_its_minute_is_over(jpeg: bytes, owner: User):
    upload(jpeg, owner, "dune.jpg")

    with pytest.raises(BatchOpen) as still_open:
        batches.close(Batch.objects.get().pk)

    assert conf.BATCH_QUIET_S - 5 < still_open.value.retry_in_s <= conf.BATCH_QUIET_S


def test_an_upload_at_the_last_moment_keeps_a_batch_open(jpeg: bytes, owner: User, monkeypatch):
    end(upload(jpeg, owner, "dune.jpg"))
    a_quiet_minute_passes()
    really_look = mails.of_batch

    def look_while_another_comes(*of: Any) -> Any:
        end(upload(jpeg, owner, "late.jpg"))
        return really_look(*of)

    monkeypatch.setattr(mails, "of_batch", look_while_another_comes)

    assert close() == "open"
    assert Batch.objects.get().closed_at is None


def test_the_message_that_closes_a_batch_is_sent_once_with_its_first_upload(
    jpeg: bytes, owner: User, stub_broker
):
    key = uuid.uuid4()

    for name in ("dune.jpg", "leaf.jpg"):
        upload(jpeg, owner, name, key)

    [message] = assert_sent(emailing.close_batch, Batch.objects.get().pk, times=1)
    [delay_s] = [each.delay_s for each in stub_broker.sent if each.message is message]
    assert conf.BATCH_QUIET_S - 5 < delay_s <= conf.BATCH_QUIET_S
    assert Batch.objects.get().task_id == UUID(message.message_id)


def test_uploads_without_a_batch_form_one_per_owner_and_quiet_minute(jpeg: bytes, owner: User):
    other = User.objects.create_user("edward@example.org")
    first = [upload(jpeg, owner, "dune.jpg"), upload(jpeg, owner, "leaf.jpg")]
    theirs = upload(jpeg, other, "pepper.jpg")
    end(*Asset.objects.all())
    a_quiet_minute_passes()
    closed = [close(batch) for batch in Batch.objects.all()]
    later = upload(jpeg, owner, "shell.jpg")

    assert closed == ["mail", "mail"]
    assert first[0].batch == first[1].batch
    assert len({first[0].batch, theirs.batch, later.batch}) == 3


def test_a_batch_is_the_owners_alone(jpeg: bytes, owner: User):
    other, key = User.objects.create_user("edward@example.org"), uuid.uuid4()
    end(upload(jpeg, owner, "dune.jpg", key))
    end(upload(jpeg, other, "pepper.jpg", key), failed="It is not a pepper.")
    Notice.objects.filter(kind=Notice.Kind.WELCOME).delete()
    a_quiet_minute_passes()

    for batch in Batch.objects.all():
        close(batch)

    texts = {left.to[0]: left.body for left in send_all()}
    assert set(texts) == {owner.email, other.email}
    assert "pepper" not in texts[owner.email]
    assert "pepper" in texts[other.email]


def test_uploads_of_the_same_moment_share_the_batch_that_nobody_named(jpeg: bytes, owner: User):
    begin = threading.Barrier(4)

    def run(number: int) -> None:
        begin.wait(10)
        upload(jpeg, owner, f"{number}.jpg")
        connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(set(Asset.objects.values_list("batch", flat=True))) == 1
    assert Asset.objects.count() == 4


def test_a_batch_that_was_seen_makes_no_mail(jpeg: bytes, owner: User):
    assets = [upload(jpeg, owner, f"{number}.jpg", uuid.UUID(int=7)) for number in range(2)]
    end(assets[0])
    end(assets[1], failed="Damaged.")
    batches.mark_seen(owner.pk, [asset.pk for asset in assets])
    a_quiet_minute_passes()

    outcome = close()

    assert outcome == "none"
    assert not Notice.objects.filter(kind=Notice.Kind.IMAGES_READY).exists()


def test_a_batch_that_is_seen_before_its_mail_leaves_makes_none_either(jpeg: bytes, owner: User):
    asset = upload(jpeg, owner, "dune.jpg")
    end(asset)
    a_quiet_minute_passes()
    close()
    batches.mark_seen(owner.pk, [asset.pk])

    left = send_all()

    assert left == []
    assert Notice.objects.get().state == "skipped"
    assert "has shown all" in Notice.objects.get().reason


def test_a_batch_that_was_deleted_meanwhile_makes_no_mail(jpeg: bytes, owner: User):
    asset = upload(jpeg, owner, "dune.jpg")
    ingest.delete(asset.pk, owner.pk)
    a_quiet_minute_passes()

    assert close() == "none"


def test_what_still_develops_or_is_somebody_elses_is_not_seen(jpeg: bytes, owner: User):
    other = User.objects.create_user("edward@example.org")
    mine, theirs = upload(jpeg, owner, "dune.jpg"), upload(jpeg, other, "pepper.jpg")
    end(theirs)

    seen = batches.mark_seen(owner.pk, [mine.pk, theirs.pk])

    assert seen == 0
    assert Asset.objects.filter(seen_at=None).count() == 2


def test_a_failed_picture_that_is_tried_again_is_news_again(jpeg: bytes, owner: User):
    asset = upload(jpeg, owner, "dune.jpg")
    end(asset, failed="Damaged.")
    batches.mark_seen(owner.pk, [asset.pk])

    ingest.retry(asset.pk, owner.pk)

    asset.refresh_from_db()
    assert asset.seen_at is None


def test_the_gallery_without_javascript_counts_as_seen(jpeg: bytes, owner: User, client: Client):
    asset, other = upload(jpeg, owner, "dune.jpg"), upload(jpeg, owner, "leaf.jpg")
    end(asset)
    client.force_login(owner)

    client.get("/")

    assert list(Asset.objects.filter(seen_at=None)) == [other]


def test_a_page_tells_what_it_has_shown(jpeg: bytes, owner: User, client: Client):
    asset = upload(jpeg, owner, "dune.jpg")
    end(asset)
    client.force_login(owner)
    told = {"ids": [str(asset.pk), str(uuid.uuid4())]}

    answers = [client.post("/api/images/seen", told, "application/json") for _ in range(2)]

    assert [answer.json() for answer in answers] == [{"seen": 1}, {"seen": 0}]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"ids": ["x"]}', '{"ids": []}', '{"ids": 3}'])
def test_a_page_that_tells_nonsense_is_told_so(owner: User, client: Client, body: str):
    client.force_login(owner)

    answer = client.post("/api/images/seen", body, "application/json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_parameter"


def test_who_opted_out_gets_no_such_mail_and_the_notice_says_why(jpeg: bytes, owner: User):
    User.objects.update(wants_ready_mails=False)
    end(upload(jpeg, owner, "dune.jpg"))
    a_quiet_minute_passes()
    close()

    left = send_all()

    assert left == []
    assert Notice.objects.get().state == "skipped"
    assert "does not want" in Notice.objects.get().reason


def test_many_failures_are_named_in_part_and_counted_in_full(jpeg: bytes, owner: User):
    for number in range(25):
        end(upload(jpeg, owner, f"{number}.jpg"), failed="Damaged.")
    a_quiet_minute_passes()
    close()

    [left] = send_all()

    assert left.subject == "25 pictures could not be developed"
    assert left.body.count("Damaged.") == 20
    assert "... and 5 more" in left.body


def test_a_whole_job_ends_in_one_mail(jpeg: bytes, owner: User, settings: Any):
    settings.BATCH_QUIET_S = 0.001
    renditions.make_all(upload(jpeg, owner, "dune.jpg").pk)

    run_sent()

    [left] = mail.outbox
    assert left.subject == "1 picture is ready"
    assert Notice.objects.get().state == "sent"


def test_a_late_upload_to_a_batch_that_was_told_of_makes_no_second_mail(jpeg: bytes, owner: User):
    first = upload(jpeg, owner, "dune.jpg", uuid.UUID(int=7))
    end(first)
    a_quiet_minute_passes()
    close()
    end(upload(jpeg, owner, "late.jpg", first.batch))
    a_quiet_minute_passes()

    again = close()

    assert again == "none"
    assert len(send_all()) == 1
