"""The focal point: by the API and by a page, and what of a picture is made again for it."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from actors.connection import client as redis
from actors.resizing import finish_renditions
from media_app import developing, renditions
from media_app.models import Asset, Rendition
from media_app.presets import Stage
from tests.integration.api_calls import problem_of, upload
from tests.integration.test_accounts import words

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def image(api, jpeg):
    made = upload(api, jpeg).json()
    renditions.make_all(uuid.UUID(made["id"]))
    redis().flushall()
    return api.get(made["url"]).json()


def point(x: object, y: object) -> dict[str, object]:
    return {"focal_point": {"x": x, "y": y}}


def files(image: dict, *, crop: bool) -> set[str]:
    return {made["url"] for made in image["renditions"] if made["crop"] == crop}


def test_a_new_point_remakes_the_crops_and_nothing_else(api, image, monkeypatch, queue_length):
    orders = []
    develop = developing.develop
    monkeypatch.setattr(
        developing, "develop", lambda *order: orders.append(order) or develop(*order)
    )
    old = set(Rendition.objects.filter(preset="square").values_list("name", flat=True))

    answer = api.request("PATCH", image["url"], json=point(0.1, 0.9))
    sent = queue_length("renditions")
    finish_renditions(image["id"])

    now = api.get(image["url"]).json()
    assert (answer.status_code, answer.json()["focal_point"]) == (200, {"x": 0.1, "y": 0.9})
    assert (answer.json()["state"], answer.json()["complete"], sent) == ("ready", False, 1)
    assert [stages for _, stages, _ in orders] == [[Stage.CROPS]]
    assert (now["state"], now["complete"]) == ("ready", True)
    assert files(now, crop=False) == files(image, crop=False)
    assert files(now, crop=True).isdisjoint(files(image, crop=True))
    assert not any(map(default_storage.exists, old))


def test_a_crop_shows_what_is_around_the_point(api, image):
    before = api.get(next(u for u in files(image, crop=True) if "square" in u)).content

    api.request("PATCH", image["url"], json=point(0, 0))
    finish_renditions(image["id"])

    now = api.get(image["url"]).json()
    after = api.get(next(u for u in files(now, crop=True) if "square" in u)).content
    assert after != before


def test_the_same_point_again_is_no_work(api, image, queue_length):
    answer = api.request("PATCH", image["url"], json=point(0.5, 0.5))

    assert answer.json()["complete"] is True
    assert queue_length("renditions") == 0


def test_a_point_set_while_a_picture_develops_is_found_by_its_last_stage(api, jpeg, queue_length):
    image = upload(api, jpeg).json()

    api.request("PATCH", image["url"], json=point(0.25, 0.75))
    renditions.make_all(uuid.UUID(image["id"]))

    assert queue_length("renditions") == 0
    assert api.get(image["url"]).json()["complete"] is True
    assert Asset.objects.get().focal_x == 0.25


def test_a_point_set_while_crops_are_made_is_not_lost(api, image, monkeypatch):
    develop = developing.develop

    def develop_meanwhile_moved(*order):
        made = develop(*order)
        Asset.objects.update(focal_x=0.9)
        return made

    api.request("PATCH", image["url"], json=point(0.1, 0.1))
    with monkeypatch.context() as during:
        during.setattr(developing, "develop", develop_meanwhile_moved)
        finish_renditions(image["id"])
    half = api.get(image["url"]).json()
    finish_renditions(image["id"])

    assert (half["complete"], half["focal_point"]["x"]) == (False, 0.9)
    assert api.get(image["url"]).json()["complete"] is True


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (point(1.5, 0.5), "focal_point.x is 1.5; expected a number from 0 to 1."),
        (point(0.5, "low"), "focal_point.y is 'low'; expected a number from 0 to 1."),
        (point(True, 0.5), "focal_point.x is True; expected"),
        (point(0.5, None), "focal_point.y is None; expected"),
        ({"focal_point": {"x": 0.5}}, "focal_point needs x and y, and nothing else."),
        ({"focal_point": [0.5, 0.5]}, "focal_point needs x and y, and nothing else."),
        ({"file_name": "x.jpg"}, "nothing else of an image can be changed."),
        ([], 'The body is no JSON like {"focal_point"'),
    ],
)
def test_a_point_that_is_none_is_refused_in_words(api, image, said, detail):
    answer = api.request("PATCH", image["url"], json=said)

    assert problem_of(answer)[:2] == (400, "bad_parameter")
    assert detail in problem_of(answer)[2]
    assert Asset.objects.get().focal_x == 0.5


@pytest.mark.parametrize("body", [b"", b"{", b'{"focal_point": {"x": NaN, "y": 0}}', b"\xff"])
def test_a_body_that_is_no_json_is_refused(api, image, body):
    answer = api.request("PATCH", image["url"], content=body)

    assert problem_of(answer)[:2] == (400, "bad_parameter")


def test_nobody_else_moves_the_point(stranger, image):
    answer = stranger.request("PATCH", image["url"], json=point(0, 0))

    assert problem_of(answer)[:2] == (404, "not_found")
    assert Asset.objects.get().focal_x == 0.5


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"at.x": "32", "at.y": "213"}, (0.1, 1.0)),
        ({"x": "25", "y": "75.5"}, (0.25, 0.755)),
    ],
)
def test_without_javascript_a_page_sets_the_point(image, ansel, form, expected):
    browser = Client()
    browser.force_login(ansel)
    address = f"/pictures/{image['id']}/focal-point"
    shown = browser.get(address).content.decode()

    answer = browser.post(address, form, follow=True)

    asset = Asset.objects.get()
    assert 'type="image" name="at"' in shown
    assert 'width="320" height="213"' in shown
    assert "follow the new point" in words(answer)
    assert (asset.focal_x, asset.focal_y) == pytest.approx(expected)


@pytest.mark.parametrize(
    "form", [{}, {"x": "left", "y": "1"}, {"x": "101", "y": "1"}, {"at.x": "1"}]
)
def test_a_form_that_is_not_understood_says_so(image, ansel, form):
    browser = Client()
    browser.force_login(ansel)

    answer = browser.post(f"/pictures/{image['id']}/focal-point", form, follow=True)

    assert "The point was not understood" in words(answer)
    assert Asset.objects.get().focal_x == 0.5
