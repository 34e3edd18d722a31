"""One content, many owners: stored once, counted on deletion, and telling nobody of the others."""

from __future__ import annotations

import hashlib
import os
import random
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from actors.resizing import purge_content
from media_app import developing, ingest, orphans, renditions
from media_app.models import Asset, Original, Rendition
from tests.integration.api_calls import upload

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")

LONG_AGO = time.time() - 2 * orphans.MIN_AGE.total_seconds()


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def stored() -> set[str]:
    """Every file and every empty folder of the storage, by name."""
    root = Path(default_storage.location)
    found = [path for path in root.rglob("*") if path.is_file() or not any(path.iterdir())]
    return {str(path.relative_to(root)) for path in found}


def put(name: str, *, at: float = LONG_AGO) -> str:
    """Store a file that nothing names."""
    default_storage.save(name, ContentFile(b"left behind"))
    os.utime(default_storage.path(name), (at, at))
    return name


def age_all() -> None:
    for name in stored():
        os.utime(default_storage.path(name), (LONG_AGO, LONG_AGO))


def purge_all(limit: int = 100) -> list[orphans.Step]:
    """Take every step of a whole sweep."""
    steps = [orphans.purge_orphans(limit)]
    while (after := steps[-1].after) is not None:
        steps.append(orphans.purge_orphans(limit, after=after))
    return steps


def digest_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def test_a_second_upload_of_a_content_looks_like_the_first(api, stranger, jpeg):
    first = upload(api, jpeg, name="a.jpg").json()
    renditions.make_all(uuid.UUID(first["id"]))

    second = upload(stranger, jpeg, name="a.jpg").json()

    differs = {"id", "url", "original_url", "created_at", "batch"}
    assert {key: value for key, value in first.items() if key not in differs} == {
        key: value for key, value in second.items() if key not in differs
    }
    assert (second["state"], second["renditions"]) == ("developing", [])


def test_a_second_upload_does_all_the_work_of_a_first(api, stranger, jpeg, monkeypatch):
    saved, developed = [], []
    save, develop = default_storage.save, developing.develop

    def noted_save(name, content):
        saved.append(name)
        return save(name, content)

    def noted_develop(original, stages, focal):
        developed.append((original.name, stages))
        return develop(original, stages, focal)

    monkeypatch.setattr(default_storage, "save", noted_save, raising=False)
    monkeypatch.setattr(developing, "develop", noted_develop)

    work = []
    for client in (api, stranger):
        renditions.make_all(uuid.UUID(upload(client, jpeg).json()["id"]))
        work.append((list(saved), list(developed)))
        saved.clear()
        developed.clear()

    assert work[0] == work[1]
    assert Original.objects.count() == 1


def test_deletion_leaves_the_files_to_a_message_whoever_else_has_them(
    api, stranger, jpeg, queue_length
):
    mine, theirs = upload(api, jpeg).json(), upload(stranger, jpeg).json()

    answers = [api.delete(mine["url"]), stranger.delete(theirs["url"])]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert queue_length("default") == 2
    assert default_storage.exists(Original.objects.get().name)


def test_the_files_of_a_deleted_user_go_too(api, ansel, jpeg, queue_length):
    upload(api, jpeg)

    ansel.delete()

    assert queue_length("default") == 1
    assert purge_content(Original.objects.get().pk)
    assert not Original.objects.exists()


def test_a_damaged_original_is_healed_by_the_next_upload(api, jpeg):
    upload(api, jpeg)
    name = Original.objects.get().name
    Path(default_storage.path(name)).write_bytes(b"damaged")

    upload(api, jpeg)

    assert Path(default_storage.path(name)).read_bytes() == jpeg


def test_deletion_beside_uploads_of_the_same_content_loses_and_leaves_nothing(ansel, jpeg):
    digest = hashlib.sha256(jpeg).hexdigest()

    def come_and_go(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for _ in range(12):
                file = SimpleUploadedFile("a.jpg", jpeg)
                asset = ingest.receive(file, owner=ansel, file_name="a.jpg")
                if dice.random() < 0.5:
                    renditions.make_all(asset.pk)
                with default_storage.open(f"originals/{digest[:2]}/{digest}") as original:
                    assert original.read() == jpeg
                assert ingest.delete(asset.pk, ansel.pk)
                purge_content(digest)
                orphans.purge_orphans()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        runs: list[Future[None]] = [pool.submit(come_and_go, seed) for seed in range(4)]
    for run in runs:
        run.result()
    purge_content(digest)

    assert not Asset.objects.exists()
    assert not Original.objects.exists()
    assert not [name for name in stored() if digest in name]


def test_an_upload_that_is_rolled_back_leaves_a_file_that_is_purged(ansel, jpeg, monkeypatch):
    def broken(*args: object) -> None:
        raise RuntimeError("the process died here")

    monkeypatch.setattr(ingest, "send_next", broken)
    with pytest.raises(RuntimeError):
        ingest.receive(SimpleUploadedFile("a.jpg", jpeg), owner=ansel, file_name="a.jpg")
    assert len(stored()) == 1

    age_all()
    purge_all()

    assert stored() == {f"originals/{hashlib.sha256(jpeg).hexdigest()[:2]}"}
    assert not Original.objects.exists()


def test_a_content_whose_purge_never_ran_is_purged(api, jpeg):
    image = upload(api, jpeg).json()
    renditions.make_all(uuid.UUID(image["id"]))
    api.delete(image["url"])
    age_all()

    steps = purge_all()

    assert [step.removed for step in steps] == [10]
    assert not Original.objects.exists()
    assert orphans.purge_orphans() == orphans.Step(removed=0, after=None)


def test_a_purge_that_dies_half_way_is_finished_by_the_next(api, jpeg, monkeypatch):
    image = upload(api, jpeg).json()
    renditions.make_all(uuid.UUID(image["id"]))
    api.delete(image["url"])
    delete, left = default_storage.delete, 3

    def dying(name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("the process died here")
        delete(name)

    with monkeypatch.context() as patched:
        patched.setattr(default_storage, "delete", dying, raising=False)
        with pytest.raises(OSError, match="died here"):
            purge_content(Original.objects.get().pk)

    age_all()
    purge_all()

    assert not Original.objects.exists()
    assert not [name for name in stored() if Path(default_storage.path(name)).is_file()]


def test_what_is_shown_stays_and_what_no_row_names_goes(api, jpeg):
    image = upload(api, jpeg).json()
    renditions.make_all(uuid.UUID(image["id"]))
    digest = Original.objects.get().pk
    shown = stored()
    put(f"{digest}/small-0123456789ab.webp")
    put(f"{digest}/small-0123456789ab.webp.{'f' * 32}.part")
    put(f"originals/{digest[:2]}/{digest}.{'f' * 32}.part")
    put(f"originals/aa/{'a' * 64}.{'f' * 32}.part")
    put(f"{'b' * 64}/small-0123456789ab.webp")
    age_all()

    steps = purge_all()

    assert sum(step.removed for step in steps) == 5
    assert stored() == shown | {"originals/aa"}
    assert Rendition.objects.count() == 9


def test_what_is_young_may_be_somebodys_work_and_stays():
    young = put(f"originals/aa/{'a' * 64}", at=time.time() - 60)

    assert orphans.purge_orphans().removed == 0
    assert stored() == {young}


def test_files_that_are_no_contents_are_left_alone():
    others = {put("originals/aa/notes.txt"), put("exports/all.zip")}

    assert purge_all() == [orphans.Step(removed=0, after=None)]
    assert stored() == others


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_a_sweep_goes_on_in_steps_until_all_has_been_looked_at(limit):
    names = [put(f"originals/{digest_of(n)[:2]}/{digest_of(n)}") for n in range(7)]
    names += [put(f"{digest_of(n)}/small-0123456789ab.webp") for n in range(5, 9)]
    for number in range(9, 11):
        Original.objects.create(digest=digest_of(number), format="jpeg", size_bytes=1)

    steps = purge_all(limit)

    assert sum(step.removed for step in steps) == len(names)
    assert all(step.removed <= 2 * limit for step in steps)
    assert not [name for name in stored() if Path(default_storage.path(name)).is_file()]
    assert not Original.objects.exists()


def test_files_of_uploads_whose_process_died_are_removed(settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    for name, age in (("old.upload", timedelta(hours=2)), ("new.upload", timedelta(minutes=5))):
        (tmp_path / name).write_bytes(b"half an image")
        then = time.time() - age.total_seconds()
        os.utime(tmp_path / name, (then, then))

    assert orphans.purge_uploads() == 1

    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["new.upload"]
