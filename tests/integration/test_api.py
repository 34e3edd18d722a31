"""The JSON API of images: what is accepted, what is refused and in which words, whose it is."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from media_app import ingest, renditions
from media_app.models import ApiToken, Asset, Original, Rendition, User
from tests import pictures
from tests.asgi_client import AsgiClient

#: The head of a raw upload.
RAW = {"Content-Type": "image/jpeg"}

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


@pytest.fixture
def ansel() -> User:
    return User.objects.create_user("ansel@example.com", "a long enough passphrase")


@pytest.fixture
def api(ansel) -> AsgiClient:
    """A client with Ansel's token."""
    return AsgiClient(ApiToken.issue(ansel))


@pytest.fixture
def stranger() -> AsgiClient:
    """A client with somebody else's token."""
    other = User.objects.create_user("imogen@example.com")
    return AsgiClient(ApiToken.issue(other))


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return pictures.photo(900, 600)


def upload(client: AsgiClient, content: bytes, name: str = "photo.jpg", **more):
    return client.post("/api/images", files={"file": (name, content)}, data=more)


def problem_of(response) -> tuple[int, str, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code
    assert problem["title"]
    return response.status_code, problem["code"], problem["detail"]


def test_an_upload_is_answered_at_once_with_its_address(api, jpeg, queue_length):
    response = upload(api, jpeg)

    image = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == image["url"] == f"/api/images/{image['id']}"
    assert (image["state"], image["complete"], image["reason"]) == ("developing", False, None)
    assert (image["width"], image["height"], image["renditions"]) == (900, 600, [])
    assert queue_length("renditions") == 1


def test_a_raw_body_is_taken_too(api, jpeg):
    batch = uuid.uuid4()

    response = api.post(f"/api/images?filename=raw.jpg&batch={batch}", content=jpeg, headers=RAW)

    assert response.status_code == 202
    assert response.json()["file_name"] == "raw.jpg"
    assert response.json()["batch"] == str(batch)


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
    image = upload(api, pictures.oriented(6)).json()

    assert image["width"] < image["height"] or image["height"] < image["width"]
    source = renditions.make_all(uuid.UUID(image["id"]))
    made = api.get(image["url"]).json()
    assert source
    assert made["renditions"][-1]["width"] / made["renditions"][-1]["height"] == pytest.approx(
        image["width"] / image["height"], rel=0.02
    )


def test_a_developed_image_is_ready_with_all_renditions_and_their_files(api, jpeg):
    image = upload(api, jpeg).json()

    renditions.make_all(uuid.UUID(image["id"]))

    ready = api.get(image["url"]).json()
    assert (ready["state"], ready["complete"]) == ("ready", True)
    shown = {(r["preset"], r["format"], r["width"], r["height"]) for r in ready["renditions"]}
    assert shown == {
        (preset, format, width, height)
        for preset, width, height in (
            ("small", 320, 213),
            ("medium", 800, 533),
            ("large", 900, 600),
        )
        for format in ("webp", "jpeg")
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
    assert "Send JPEG, PNG, WebP, AVIF or GIF." in words[415, "unsupported_type"][2]
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


def test_nobody_else_sees_changes_or_fetches_an_image(api, stranger, jpeg):
    image = upload(api, jpeg).json()
    renditions.make_all(uuid.UUID(image["id"]))
    rendition = api.get(image["url"]).json()["renditions"][0]["url"]
    unknown = f"/api/images/{uuid.uuid4()}"

    answers = [
        stranger.get(image["url"]),
        stranger.delete(image["url"]),
        stranger.post(f"{image['url']}/retry"),
        stranger.get(rendition),
        stranger.get(image["original_url"]),
        stranger.get(unknown),
    ]

    assert {problem_of(answer) for answer in answers} == {
        (404, "not_found", "There is no image of yours with this id.")
    }
    assert stranger.get("/api/images").json()["images"] == []
    assert api.get(image["url"]).status_code == 200


def test_without_a_login_or_with_a_bad_token_nothing_is_shown(db):
    nobody, bad = AsgiClient(), AsgiClient("wrong")

    assert problem_of(nobody.get("/api/images"))[:2] == (401, "not_logged_in")
    assert problem_of(bad.get("/api/images"))[:2] == (401, "bad_token")
    assert "Bearer" in nobody.get("/api/images").headers["WWW-Authenticate"]


def test_the_token_of_somebody_inactive_is_bad(ansel, api):
    User.objects.update(is_active=False)

    assert problem_of(api.get("/api/images"))[:2] == (401, "bad_token")


def test_tokens_are_stored_hashed(ansel):
    secret = ApiToken.issue(ansel)

    stored = ApiToken.objects.values().get()
    assert secret not in map(str, stored.values())
    assert stored["digest"] == hashlib.sha256(secret.encode()).hexdigest()


def test_a_sessions_write_needs_the_csrf_token_and_a_read_does_not(ansel, jpeg):
    browser = Client()
    browser.force_login(ansel)
    client = AsgiClient(cookies={"sessionid": browser.cookies["sessionid"].value})
    client.get("/")

    refused = client.post("/api/images?filename=a.jpg", content=jpeg, headers=RAW)
    csrf = {"X-CSRFToken": client.cookies["csrftoken"]}
    taken = client.post("/api/images?filename=a.jpg", content=jpeg, headers=RAW | csrf)

    form_refused = upload(client, jpeg)
    form_taken = upload(client, jpeg, csrfmiddlewaretoken=client.cookies["csrftoken"])

    assert problem_of(refused)[:2] == problem_of(form_refused)[:2] == (403, "csrf_failed")
    assert taken.status_code == form_taken.status_code == 202
    assert client.get("/api/images").status_code == 200


def test_the_list_is_newest_first_and_goes_on_by_cursor(api, ansel, jpeg):
    ids = [upload(api, jpeg).json()["id"] for _ in range(5)]
    same_time = timezone.now()
    Asset.objects.filter(pk__in=ids[:3]).update(created_at=same_time)

    seen, cursor = [], ""
    while cursor is not None:
        page = api.get("/api/images", params={"limit": 2, "cursor": cursor}).json()
        seen += [image["id"] for image in page["images"]]
        cursor = page["next_cursor"]

    assert sorted(seen) == sorted(ids)
    assert len(seen) == 5
    created = dict(Asset.objects.values_list("id", "created_at"))
    times = [created[uuid.UUID(asset_id)] for asset_id in seen]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"cursor": "tomorrow"}])
def test_a_list_asked_for_wrongly_says_what_is_expected(api, query):
    assert problem_of(api.get("/api/images", params=query))[:2] == (400, "bad_parameter")


def test_a_deleted_image_is_gone_with_its_files_unless_others_show_the_same(api, stranger, jpeg):
    mine, theirs = upload(api, jpeg).json(), upload(stranger, jpeg).json()
    renditions.make_all(uuid.UUID(mine["id"]))
    renditions.make_all(uuid.UUID(theirs["id"]))
    names = {*Rendition.objects.values_list("name", flat=True), Original.objects.get().name}

    assert api.delete(mine["url"]).status_code == 204
    assert api.get(mine["url"]).status_code == 404
    assert all(default_storage.exists(name) for name in names)

    assert stranger.delete(theirs["url"]).status_code == 204
    assert not any(default_storage.exists(name) for name in names)
    assert not Original.objects.exists()


def test_an_image_deleted_while_it_develops_leaves_no_files(api, jpeg, monkeypatch):
    image = upload(api, jpeg).json()
    develop = renditions.imaging.develop

    def develop_meanwhile_deleted(file):
        developed = list(develop(file))
        api.delete(image["url"])
        return developed

    monkeypatch.setattr(renditions.imaging, "develop", develop_meanwhile_deleted)

    assert renditions.make_all(uuid.UUID(image["id"])) == []
    assert not default_storage.exists(hashlib.sha256(jpeg).hexdigest())


def test_only_a_failed_image_can_be_tried_again(api, jpeg, queue_length):
    image = upload(api, jpeg).json()
    refused = api.post(f"{image['url']}/retry")
    renditions.mark_failed(uuid.UUID(image["id"]), "It was dark.")
    failed = api.get(image["url"]).json()

    begun = api.post(f"{image['url']}/retry")

    assert problem_of(refused)[:2] == (409, "not_failed")
    assert (failed["state"], failed["reason"]) == ("failed", "It was dark.")
    assert (begun.status_code, begun.json()["state"], begun.json()["reason"]) == (
        202,
        "developing",
        None,
    )
    assert queue_length("renditions") == 2


def test_a_method_or_an_address_that_is_not_there_is_a_problem_too(api):
    assert problem_of(api.put("/api/images"))[:2] == (405, "method_not_allowed")
    assert problem_of(api.get("/api/nowhere"))[:2] == (404, "no_such_address")


def test_uploads_are_answered_while_redis_is_down(api, jpeg, valkey_server):
    valkey_server.stop()
    try:
        response = upload(api, jpeg)
    finally:
        valkey_server.start()

    from actors.models import OutboxMessage

    assert response.status_code == 202
    left = OutboxMessage.objects.get()
    assert left.actor_name == "make_renditions"
    assert timezone.now() - left.created_at < timedelta(seconds=30)
