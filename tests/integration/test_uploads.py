"""Uploads and their development: what is taken, what is refused and in which words."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from media_app import ingest, renditions
from media_app.models import Asset, Original, Rendition
from tests import pictures
from tests.integration.api_calls import RAW, problem_of, upload

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


def test_an_upload_is_answered_at_once_with_its_address(api, jpeg, queue_length):
    response = upload(api, jpeg)

    image = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == image["url"] == f"/api/images/{image['id']}"
    assert (image["state"], image["complete"], image["reason"]) == ("developing", False, None)
    assert (image["width"], image["height"], image["renditions"]) == (900, 600, [])
    assert queue_length("previews") == 1


def test_a_raw_body_is_taken_too(api, jpeg):
    batch = uuid.uuid4()

    response = api.post(f"/api/images?filename=raw.jpg&batch={batch}", content=jpeg, headers=RAW)

    assert response.status_code == 202
    assert response.json()["file_name"] == "raw.jpg"
    assert response.json()["batch"] == str(batch)


def test_batch_may_be_a_header_too(api, jpeg):
    batch = uuid.uuid4()

    response = api.post("/api/images", content=jpeg, headers={**RAW, "Batch": str(batch)})

    assert response.json()["batch"] == str(batch)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("gone"), (503, "unavailable")),
        (OSError("No space left on device"), (503, "unavailable")),
        (RuntimeError("a mistake"), (500, "server_error")),
    ],
)
def test_what_breaks_here_is_a_problem_that_says_what_to_do(
    api, jpeg, monkeypatch, caplog, error, expected
):
    def breaks(*args, **kwargs):
        raise error

    monkeypatch.setattr(ingest, "receive", breaks)

    response = upload(api, jpeg)

    status, code, detail = problem_of(response)
    assert (status, code) == expected
    assert "again in a minute" in detail
    assert str(error) not in detail
    assert str(error) in caplog.text


def test_the_original_is_stored_once_under_its_content_hash(api, stranger, jpeg):
    for client in (api, api, stranger):
        assert upload(client, jpeg).status_code == 202

    digest = hashlib.sha256(jpeg).hexdigest()
    original = Original.objects.get()
    assert original.digest == digest
    assert original.name == f"originals/{digest[:2]}/{digest}"
    with default_storage.open(original.name) as file:
        assert file.read() == jpeg
    assert Asset.objects.count() == 3


def test_width_and_height_are_those_of_the_upright_picture(api):
    lying = pictures.oriented(6, width=60, height=40)

    image = upload(api, lying).json()
    renditions.make_all(uuid.UUID(image["id"]))

    ready = api.get(image["url"]).json()
    assert (image["width"], image["height"]) == (60, 40)
    whole = [made for made in ready["renditions"] if made["preset"] not in ("square", "banner")]
    assert {(made["width"], made["height"]) for made in whole} == {(60, 40)}


def test_a_developed_image_is_ready_with_all_renditions_and_their_files(api, jpeg):
    image = upload(api, jpeg).json()

    renditions.make_all(uuid.UUID(image["id"]))

    ready = api.get(image["url"]).json()
    assert (ready["state"], ready["complete"]) == ("ready", True)
    shown = {(r["preset"], r["format"], r["width"], r["height"]) for r in ready["renditions"]}
    assert shown == {
        (preset, format, width, height)
        for preset, width, height, formats in (
            ("small", 320, 213, "webp avif"),
            ("medium", 800, 533, "webp avif jpeg"),
            ("large", 900, 600, "webp avif"),
            ("square", 600, 600, "webp"),
            ("banner", 900, 300, "webp"),
        )
        for format in formats.split()
    }
    for rendition in ready["renditions"]:
        served = api.get(rendition["url"])
        content = served.content
        assert len(content) == rendition["bytes"] == int(served.headers["Content-Length"])
        assert served.headers["Content-Type"] == f"image/{rendition['format']}"
        assert served.headers["X-Content-Type-Options"] == "nosniff"


def test_developing_twice_changes_nothing(api, jpeg):
    image = upload(api, jpeg).json()
    renditions.make_all(uuid.UUID(image["id"]))
    before = list(Rendition.objects.order_by("pk").values())

    assert renditions.make_all(uuid.UUID(image["id"])) == []

    assert list(Rendition.objects.order_by("pk").values()) == before


def test_the_original_comes_as_a_download(api, jpeg):
    image = upload(api, jpeg, name="Grüße.jpg").json()

    served = api.get(image["original_url"])

    assert served.content == jpeg
    assert served.headers["Content-Type"] == "application/octet-stream"
    assert served.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''Gr%C3%BC")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\photos\\cat.jpg", "cat.jpg"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("\x00\x07 .jpg", "jpg"),
        ("..", "image"),
    ],
)
def test_a_path_in_a_name_is_cut_to_its_last_part(name, kept):
    assert ingest.clean_name(name) == kept


def test_a_path_in_a_raw_uploads_name_is_accepted(api, jpeg):
    response = api.post("/api/images?filename=../../etc/passwd.jpg", content=jpeg, headers=RAW)

    assert response.status_code == 202
    assert response.json()["file_name"] == "passwd.jpg"


def test_what_cannot_be_developed_is_refused_in_words(api, jpeg):
    refused = {
        (400, "no_file"): api.post("/api/images"),
        (400, "empty_file"): upload(api, b"", name="nothing.jpg"),
        (415, "unsupported_type"): upload(api, pictures.svg(), name="drawing.jpg"),
        (422, "too_many_pixels"): upload(api, pictures.header_bomb(), name="bomb.png"),
        (422, "unreadable_image"): upload(api, jpeg[:100], name="cut.jpg"),
        (400, "bad_parameter"): upload(api, jpeg, batch="monday"),
    }

    words = {key: problem_of(response) for key, response in refused.items()}

    assert {key: found[:2] for key, found in words.items()} == {key: key for key in refused}
    assert "multipart field 'file'" in words[400, "no_file"][2]
    assert "nothing.jpg is empty" in words[400, "empty_file"][2]
    assert "Send JPEG, PNG, WebP, AVIF, HEIC or GIF." in words[415, "unsupported_type"][2]
    assert "50,000 x 50,000 pixels" in words[422, "too_many_pixels"][2]
    assert "batch is 'monday'; expected a UUID" in words[400, "bad_parameter"][2]
    assert not Asset.objects.exists()


def test_an_empty_raw_body_is_refused(api):
    response = api.post("/api/images?filename=e.jpg", headers=RAW)

    assert problem_of(response)[:2] == (400, "empty_file")


def test_a_file_over_the_limit_is_refused(api, settings, jpeg):
    settings.UPLOAD_MAX_BYTES = 1_000

    for response in (
        upload(api, jpeg),
        api.post("/api/images?filename=a.jpg", content=jpeg, headers=RAW),
    ):
        assert problem_of(response)[:2] == (413, "too_large")


def test_a_cut_file_is_failed_with_its_reason_and_never_ready(api, jpeg):
    from media_app.exceptions import PermanentFailure

    image = upload(api, jpeg[: len(jpeg) // 2])
    if image.status_code == 202:
        with pytest.raises(PermanentFailure, match="damaged or cut off"):
            renditions.make_all(uuid.UUID(image.json()["id"]))
    else:
        assert problem_of(image)[:2] == (422, "unreadable_image")


def test_uploads_are_answered_while_redis_is_down(api, jpeg, valkey_server):
    valkey_server.stop()
    try:
        response = upload(api, jpeg)
    finally:
        valkey_server.start()

    from actors.models import OutboxMessage

    assert response.status_code == 202
    left = OutboxMessage.objects.get(actor_name="make_preview")
    assert timezone.now() - left.created_at < timedelta(seconds=30)
