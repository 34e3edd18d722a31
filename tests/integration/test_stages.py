"""The stages of a development: in order, each once, shared by twins, and always ending."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from dramatiq.errors import Retry

from actors import resizing, sweeping
from actors.connection import client
from actors.resizing import finish_renditions, make_preview, make_renditions, next_actor
from actors.signals import dead_lettered, requeued
from media_app import developing, imaging, ingest, negatives, queries, renditions
from media_app.exceptions import AssetClaimed, UnreadableSource
from media_app.imaging import gate
from media_app.models import Asset, Rendition, User
from media_app.presets import Stage
from tests import pictures
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")

FIRST, READY, LAST, CROPS = Stage


@pytest.fixture(autouse=True)
def own_files(settings, request):
    if "worker" not in request.fixturenames:
        folder = request.getfixturevalue("tmp_path")
        settings.MEDIA_ROOT, settings.FILE_UPLOAD_TEMP_DIR = folder / "media", folder


@pytest.fixture
def orders(monkeypatch) -> list[list[Stage]]:
    """The stages that were developed, a list for each decode."""
    asked: list[list[Stage]] = []
    develop = developing.develop

    def noted(original, stages, focal):
        asked.append(list(stages))
        return develop(original, stages, focal)

    monkeypatch.setattr(developing, "develop", noted)
    return asked


def received(owner: User, content: bytes, name: str = "photo.jpg") -> Asset:
    return ingest.receive(SimpleUploadedFile(name, content), owner=owner, file_name=name)


def kinds(asset: Asset) -> set[str]:
    rows = asset.renditions.values_list("preset", "format")
    return {f"{preset}.{format}" for preset, format in rows}


def fresh(asset: Asset) -> Asset:
    return Asset.objects.get(pk=asset.pk)


def test_a_worker_makes_the_preview_then_the_rest_then_avif(worker, ansel):
    asset = received(ansel, pictures.photo(900, 600, seed=random.randrange(1 << 30)))

    eventually(lambda: fresh(asset).complete, within=30)

    ended = fresh(asset)
    assert (ended.state, ended.reason, ended.claim) == ("ready", "", "")
    assert ended.placeholder.startswith("data:image/png;base64,")
    assert len(ended.colour) == 7
    assert len(kinds(asset)) == 9


def test_each_stage_makes_its_files_and_names_the_message_of_the_next(ansel, jpeg, orders):
    asset = received(ansel, jpeg)
    seen = []

    for _ in range(3):
        stage = next_actor(fresh(asset))
        stage(str(asset.pk))
        now = fresh(asset)
        seen.append((stage, now.state, now.complete, len(kinds(asset))))

    assert seen == [
        (make_preview, "developing", False, 1),
        (make_renditions, "ready", False, 6),
        (finish_renditions, "ready", True, 9),
    ]
    assert orders == [[FIRST], [READY, CROPS], [LAST]]


def test_a_stage_that_comes_twice_is_made_once(ansel, jpeg, orders):
    asset = received(ansel, jpeg)

    for _ in range(2):
        make_preview(str(asset.pk))
    make_renditions(str(asset.pk))
    make_preview(str(asset.pk))

    assert orders == [[FIRST], [READY, CROPS]]
    assert fresh(asset).state == "ready"


def test_the_last_stage_decodes_nothing_where_the_one_before_left_its_pixels(
    ansel, jpeg, monkeypatch
):
    asset = received(ansel, jpeg)
    make_preview(str(asset.pk))
    make_renditions(str(asset.pk))
    left = negatives.path_of(asset.original_id).exists()
    paths = []
    develop = imaging.Developer.develop

    def noted(developer, path, order, *, prepared=False):
        paths.append((path, prepared))
        return develop(developer, path, order, prepared=prepared)

    monkeypatch.setattr(imaging.Developer, "develop", noted)
    finish_renditions(str(asset.pk))

    assert left
    assert paths == [(negatives.path_of(asset.original_id), True)]
    assert not paths[0][0].exists()
    assert fresh(asset).complete


@pytest.mark.parametrize("damage", [b"", b"no pixels"])
def test_without_the_pixels_of_the_stage_before_the_original_is_decoded(ansel, jpeg, damage):
    asset = received(ansel, jpeg)
    make_renditions(str(asset.pk))
    path = negatives.path_of(asset.original_id)
    path.unlink()
    if damage:
        path.write_bytes(damage)

    finish_renditions(str(asset.pk))

    assert fresh(asset).complete
    assert not path.exists()


def test_only_so_many_pixels_are_left_on_the_disk(ansel, jpeg, monkeypatch):
    monkeypatch.setattr(negatives, "MOST", 0)
    asset = received(ansel, jpeg)

    make_renditions(str(asset.pk))

    assert not negatives.path_of(asset.original_id).exists()


def test_the_placeholder_is_told_with_the_preview(ansel, jpeg):
    asset = received(ansel, jpeg)

    make_preview(str(asset.pk))

    shown = queries.get_image(ansel.pk, asset.pk)
    assert shown is not None
    assert (shown["state"], [each["preset"] for each in shown["renditions"]]) == (
        "developing",
        ["small"],
    )
    assert all(shown[key] for key in ("colour", "thumb_hash", "placeholder"))


def test_another_message_leaves_a_claimed_asset_alone_until_the_lease_is_over(
    ansel, jpeg, settings
):
    asset = received(ansel, jpeg)
    Asset.objects.update(claim="another", claimed_at=timezone.now())

    with pytest.raises(AssetClaimed, match="looked at again in 2 s"):
        renditions.make(asset.pk, [FIRST], by="me")
    with pytest.raises(Retry) as retry:
        make_preview(str(asset.pk))
    untouched = kinds(asset)
    Asset.objects.update(claimed_at=timezone.now() - timedelta(seconds=settings.IMAGE_LEASE_S + 1))
    renditions.make(asset.pk, [FIRST], by="me")

    assert retry.value.delay == 2000
    assert resizing.is_tried_again(100, retry.value)
    assert not resizing.is_tried_again(resizing.TRIES, OSError())
    assert (untouched, kinds(asset), fresh(asset).claim) == (set(), {"small.webp"}, "")


def test_a_big_picture_that_finds_no_room_comes_again_and_leaves_the_asset_to_others(
    ansel, jpeg, settings, monkeypatch
):
    asset = received(ansel, jpeg)
    monkeypatch.setattr(imaging, "memory_needed", lambda file: gate.BIG_BYTES)
    monkeypatch.setattr(imaging.Gate.__init__, "__kwdefaults__", {"patience_s": 0.1})
    other = imaging.Gate(settings.DATA_DIR / "locks", at_once=settings.IMAGE_BIG_AT_ONCE)

    with other.held(gate.BIG_BYTES), pytest.raises(Retry) as retry:
        make_preview(str(asset.pk))
    unclaimed = fresh(asset).claim
    make_preview(str(asset.pk))

    assert (retry.value.delay, unclaimed) == (3000, "")
    assert kinds(asset) == {"small.webp"}


def test_a_message_that_comes_back_takes_over_its_own_claim(ansel, jpeg):
    asset = received(ansel, jpeg)
    Asset.objects.update(claim="mine", claimed_at=timezone.now())

    renditions.make(asset.pk, [FIRST], by="mine")

    assert kinds(asset) == {"small.webp"}


def test_an_error_gives_the_claim_up(ansel, jpeg, monkeypatch):
    asset = received(ansel, jpeg)

    def full(*order):
        raise OSError("disk full")

    monkeypatch.setattr(developing, "develop", full)
    with pytest.raises(OSError, match="disk full"):
        make_preview(str(asset.pk))

    assert (fresh(asset).claim, fresh(asset).state) == ("", "developing")


def test_one_persons_same_content_is_developed_once(ansel, jpeg, orders):
    first = received(ansel, jpeg)
    renditions.make_all(first.pk)
    second = received(ansel, jpeg)

    make_preview(str(second.pk))

    assert len(orders) == 1
    one, other = fresh(first), fresh(second)
    assert (other.state, other.complete) == ("ready", True)
    assert (other.thumb_hash, other.placeholder) == (one.thumb_hash, one.placeholder)
    assert set(Rendition.objects.filter(asset=first).values_list("name")) == set(
        Rendition.objects.filter(asset=second).values_list("name")
    )


def test_a_twin_whose_file_is_missing_is_no_twin(ansel, jpeg, orders):
    first, second = received(ansel, jpeg), received(ansel, jpeg)
    name = renditions.make_all(first.pk)[0]
    default_storage.delete(name)

    renditions.make_all(second.pk)

    assert len(orders) == 2
    assert default_storage.exists(name)


def test_what_shares_files_keeps_them_when_the_other_goes(ansel, jpeg):
    first, second = received(ansel, jpeg), received(ansel, jpeg)
    for asset in (first, second):
        renditions.make_all(asset.pk)

    ingest.delete(first.pk, ansel.pk)
    resizing.purge_content(second.original_id)

    names = second.renditions.values_list("name", flat=True)
    assert len(names) == 9
    assert all(map(default_storage.exists, names))


def test_an_animation_moves_in_webp_and_has_no_avif(ansel):
    asset = received(ansel, pictures.animated("GIF"), "wave.gif")

    while not fresh(asset).complete:
        next_actor(fresh(asset))(str(asset.pk))

    assert fresh(asset).animated
    assert kinds(asset) == {
        *("small.webp", "medium.webp", "large.webp", "medium.jpeg", "square.webp", "banner.webp")
    }
    folder = {
        f"{asset.original_id}/{name}" for name in default_storage.listdir(asset.original_id)[1]
    }
    assert folder == set(asset.renditions.values_list("name", flat=True))


def test_what_an_animation_loses_is_told(ansel, settings):
    settings.IMAGE_MAX_FRAMES = 1
    asset = received(ansel, pictures.animated("GIF"), "wave.gif")

    renditions.make_all(asset.pk)

    shown = queries.get_image(ansel.pk, asset.pk)
    assert shown is not None
    assert shown["note"].startswith("Shown by its first frame")


@pytest.mark.parametrize("stage", [make_preview, make_renditions])
def test_an_early_stage_that_fails_for_good_fails_the_picture(ansel, jpeg, stage):
    asset = received(ansel, jpeg)
    error = UnreadableSource(found="it is torn")

    dead_lettered.send(None, message=stage.message(str(asset.pk)), error=error)

    assert (fresh(asset).state, fresh(asset).reason) == ("failed", str(error))


def test_a_last_stage_that_fails_leaves_the_picture_ready_and_can_be_tried_again(ansel, jpeg):
    asset = received(ansel, jpeg)
    renditions.make(asset.pk, [FIRST, READY, CROPS], by="me")
    message = finish_renditions.message(str(asset.pk))

    dead_lettered.send(None, message=message, error=OSError("disk full"))
    failed = fresh(asset)
    swept = sweeping.sweep_once(older_than=timedelta(0))
    requeued.send(None, message=message)
    begun = fresh(asset)
    renditions.mark_failed(asset.pk, "again")
    retried = ingest.retry(asset.pk, ansel.pk)
    renditions.make_all(asset.pk)

    assert (failed.state, failed.complete) == ("ready", False)
    assert failed.reason.startswith("The picture could not be developed.")
    assert {each.name: each.sent for each in swept}["unfinished images"] == 0
    assert (begun.reason, str(begun.task_id)) == ("", message.message_id)
    assert retried
    assert (fresh(asset).complete, fresh(asset).reason) == (True, "")


def test_a_lost_last_stage_is_sent_again(ansel, jpeg, queue_length):
    asset = received(ansel, jpeg)
    renditions.make(asset.pk, [FIRST, READY, CROPS], by="me")
    client().flushall()

    sweeping.sweep_once(older_than=timedelta(0))

    assert queue_length("finishing") == 1


def test_previews_go_before_all_else_and_avif_goes_last():
    priorities = [actor.priority for actor in resizing.STAGE_ACTORS]

    assert priorities == sorted(priorities)
    assert len(set(priorities)) == 3
    assert len({actor.queue_name for actor in resizing.STAGE_ACTORS}) == 3


def test_the_previews_of_many_uploads_come_before_their_avif_files(worker, ansel):
    assets = [
        received(ansel, pictures.photo(1200, 900, seed=random.randrange(1 << 30))) for _ in range(8)
    ]

    eventually(lambda: not Asset.objects.filter(complete=False).exists(), within=60)

    made = Rendition.objects.order_by("pk").values_list("preset", "format")
    previews = [at for at, kind in enumerate(made) if kind == ("small", "webp")]
    avifs = [at for at, (_, format) in enumerate(made) if format == "avif"]
    assert len(previews) == len(assets)
    assert max(previews) < avifs[len(avifs) // 2]


def test_an_asset_that_is_gone_is_nobodys_work(orders):
    assert make_preview(str(uuid.uuid4())) == []
    assert orders == []
