"""`manage.py ingest` and `manage.py remake`: what they take, skip, send again and say."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from media_app import importing, ingest, renditions
from media_app.models import Asset, Original
from tests import pictures

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them twice, in folders; a text and a hidden file."""
    roll = tmp_path / "roll"
    (roll / "sub").mkdir(parents=True)
    (roll / "a.jpg").write_bytes(pictures.photo(90, 60))
    (roll / "again.jpg").write_bytes(pictures.photo(90, 60))
    (roll / "sub" / "b.png").write_bytes(pictures.small("PNG"))
    (roll / "notes.txt").write_text("no picture")
    (roll / ".hidden.jpg").write_bytes(pictures.small())
    return roll


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_folders_are_taken_in_once_and_the_files_stay(folder, ansel):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    first = run("ingest", str(folder), "--user", "Ansel@example.com")
    second = run("ingest", str(folder), "--user", "ansel@example.com")

    assert "Done: 2 imported, 1 were there, 1 no pictures, 0 refused." in first
    assert "Done: 0 imported, 3 were there, 1 no pictures, 0 refused." in second
    assert sorted(Asset.objects.values_list("file_name", flat=True)) == ["a.jpg", "b.png"]
    assert Asset.objects.values("batch").distinct().count() == 1
    assert {path: path.read_bytes() for path in before} == before
    assert all(default_storage.exists(original.name) for original in Original.objects.all())


def test_what_others_have_is_not_there_for_this_user(folder, ansel, stranger):
    run("ingest", str(folder), "--user", "imogen@example.com")

    mine = run("ingest", str(folder), "--user", "ansel@example.com")

    assert "2 imported" in mine


def test_a_file_that_is_named_and_no_picture_is_refused_by_name(folder, ansel):
    out = StringIO()

    with pytest.raises(CommandError, match="1 could not be imported"):
        call_command("ingest", str(folder / "notes.txt"), "--user", ansel.email, stdout=out)

    assert "notes.txt is not an image we can develop" in out.getvalue()


def test_a_damaged_picture_stops_nobody(folder, ansel):
    (folder / "0.jpg").write_bytes(pictures.small()[:60])
    out = StringIO()

    with pytest.raises(CommandError, match="1 could not be imported"):
        call_command("ingest", str(folder), "--user", ansel.email, stdout=out)

    assert "0.jpg is damaged or cut off" in out.getvalue()
    assert "Done: 2 imported" in out.getvalue()


def test_an_interrupt_keeps_what_was_taken_and_a_second_run_goes_on(folder, ansel, monkeypatch):
    take_in = importing.take_in

    def interrupted(path, **options):
        if Asset.objects.exists():
            raise KeyboardInterrupt
        return take_in(path, **options)

    with monkeypatch.context() as during:
        during.setattr(importing, "take_in", interrupted)
        with pytest.raises(CommandError, match=r"Stopped: 1 imported.*run it again") as stopped:
            run("ingest", str(folder), "--user", ansel.email)
    after = run("ingest", str(folder), "--user", ansel.email)

    assert stopped.value.returncode == 130
    assert "Done: 1 imported, 2 were there" in after


def test_it_says_who_or_what_is_not_there(folder, ansel):
    with pytest.raises(CommandError, match=r"No active user has the address x@example.com"):
        run("ingest", str(folder), "--user", "x@example.com")
    with pytest.raises(CommandError, match=r"There is no .*nowhere. Nothing was imported."):
        run("ingest", str(folder / "nowhere"), "--user", ansel.email)


def test_stripped_originals_hold_no_metadata_and_are_known_again(settings, tmp_path, ansel):
    settings.ORIGINAL_POLICY = "stripped"
    path = tmp_path / "gps.jpg"
    path.write_bytes(pictures.with_metadata())

    run("ingest", str(path), "--user", ansel.email)
    again = run("ingest", str(path), "--user", ansel.email)

    with default_storage.open(Original.objects.get().name) as file:
        kept = file.read()
    assert b"Exif" in path.read_bytes()
    assert b"GPS" not in kept
    assert len(kept) < path.stat().st_size
    assert Original.objects.get().size_bytes == len(kept)
    assert "0 imported, 1 were there" in again


def test_a_changed_preset_is_made_again_and_the_rest_stays(ansel, jpeg, settings, queue_length):
    asset = ingested(ansel, jpeg)
    before = dict(asset.renditions.values_list("name", "pk"))
    changed = [("large", 1200, "webp avif") if row[0] == "large" else row for row in rows(settings)]
    settings.IMAGE_PRESETS = (*changed, ("huge", 2400, "webp"))

    told, again = run("remake"), run("remake")
    shown = asset.renditions.count()
    renditions.make_all(asset.pk)

    after = set(asset.renditions.values_list("name", flat=True))
    assert "Done: 1 looked at, 1 to be made again. The workers are at it." in told
    assert "Done: 0 looked at, 0 to be made again." in again
    assert (shown, queue_length("finishing")) == (9, 1)
    assert len(after) == 10
    assert len(after & before.keys()) == 7
    assert not any(default_storage.exists(name) for name in before.keys() - after)


def test_a_preset_that_is_gone_goes_from_the_pictures(ansel, jpeg, settings):
    asset = ingested(ansel, jpeg)
    settings.IMAGE_PRESETS = tuple(row for row in rows(settings) if row[0] != "banner")

    run("remake")
    renditions.make_all(asset.pk)

    assert not asset.renditions.filter(preset="banner").exists()
    assert not [n for n in default_storage.listdir(asset.original_id)[1] if "banner" in n]


def test_what_was_given_up_is_made_again_and_what_failed_before_it_was_ready_is_not(
    ansel, jpeg, settings, queue_length
):
    asset, failed = ingested(ansel, jpeg), ingested(ansel, jpeg)
    settings.IMAGE_PRESETS = (*rows(settings), ("huge", 2400, "webp"))
    run("remake")
    renditions.mark_failed(asset.pk, "Its decoder crashed.")
    Asset.objects.filter(pk=failed.pk).update(state="failed", complete=False, reason="Damaged.")

    told, again = run("remake"), run("remake")

    assert "Done: 1 looked at, 1 to be made again." in told
    assert "Done: 0 looked at" in again
    assert queue_length("finishing") == 3
    assert Asset.objects.get(pk=asset.pk).reason == ""


def test_only_what_is_named_or_new_is_looked_at(ansel, jpeg, settings):
    ingested(ansel, jpeg)
    settings.IMAGE_PRESETS = (*rows(settings), ("huge", 2400, "webp"))
    Asset.objects.update(created_at="2020-01-01T00:00Z")

    assert "1 looked at, 0 to be made again" in run("remake", "--preset", "small")
    assert "0 looked at, 0 to be made again" in run("remake", "--since", "2h")
    assert "1 looked at, 1 to be made again" in run("remake", "--preset", "huge")
    with pytest.raises(CommandError, match="no preset 'tiny'; expected small, medium"):
        run("remake", "--preset", "tiny")


def test_pictures_are_looked_at_page_by_page(ansel, jpeg, settings, monkeypatch):
    monkeypatch.setattr(importing, "PAGE", 2)
    for _ in range(5):
        ingested(ansel, jpeg)
    settings.IMAGE_PRESETS = (*rows(settings), ("huge", 2400, "webp"))

    assert "5 looked at, 5 to be made again" in run("remake")


def ingested(owner, content: bytes) -> Asset:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("photo.jpg", content)
    asset = ingest.receive(file, owner=owner, file_name="photo.jpg")
    renditions.make_all(asset.pk)
    return Asset.objects.get(pk=asset.pk)


def rows(settings) -> tuple:
    return tuple(settings.IMAGE_PRESETS)
