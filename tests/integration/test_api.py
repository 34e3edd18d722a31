"""The JSON API beside uploads: whose an image is, lists, deletion, another try."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from media_app import renditions
from media_app.models import ApiToken, Asset, Original, Rendition, User
from tests.asgi_client import AsgiClient
from tests.integration.api_calls import RAW, problem_of, upload

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


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
    develop = renditions.imaging.Developer.develop

    def develop_meanwhile_deleted(self, path, order):
        development = develop(self, path, order)
        api.delete(image["url"])
        return development

    monkeypatch.setattr(renditions.imaging.Developer, "develop", develop_meanwhile_deleted)

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
