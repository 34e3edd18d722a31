"""The gallery, alive: files in, previews at once, pictures by themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Request, Route, expect

from tests import pictures
from tests.browser.visitor import Visitor, photo

UPLOADS = re.compile(r"/api/images\?")
ONE_IMAGE = re.compile(r"/api/images/[0-9a-f-]{36}$")
#: The server's answer to the first upload arrives and counts as a broken connection.
_LOSE_FIRST_ANSWER = """
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    XMLHttpRequest.prototype.send = send;
    this.onload = this.onerror;
    send.call(this, body);
  };
"""
IS_DRAWN = "image => image.complete && image.naturalWidth > 0"


def test_photos_show_previews_at_once_and_develop_by_themselves(visitor, photos):
    held: list[Route] = []
    visitor.page.route(UPLOADS, lambda route: held.append(route))
    visitor.page.route(ONE_IMAGE, lambda route: None)  # whoever asks waits: only events tell

    visitor.choose(*photos)
    expect(visitor.page.locator("[data-card] canvas")).to_have_count(3)
    states_before_any_answer = visitor.cards("ready").count()
    visitor.page.unroute(UPLOADS)
    for route in held:
        route.continue_()
    visitor.waits_for("ready", 3)

    images = visitor.page.locator("[data-card] img")
    expect(visitor.page.locator("[data-card] canvas")).to_have_count(0)
    assert states_before_any_answer == 0
    assert all(image.evaluate(IS_DRAWN) for image in images.all())
    assert [image.get_attribute("alt") for image in images.all()] == [
        path.name for path in reversed(photos)
    ]
    expect(visitor.page.get_by_role("status").last).to_have_text("3 of 3 developed")


def test_photos_chosen_before_the_script_has_come_are_not_lost(visitor: Visitor, tmp_path: Path):
    held: list[Route] = []
    visitor.page.route(re.compile(r"/gallery[^/]*\.js"), lambda route: held.append(route))
    with visitor.page.expect_request(re.compile(r"/gallery[^/]*\.js")):
        visitor.page.goto("/", wait_until="commit")
    visitor.choose(photo(tmp_path, "hasty.jpg"))

    for route in held:
        route.continue_()

    visitor.waits_for("ready", 1)


def test_a_frame_keeps_its_size_from_preview_to_picture(visitor: Visitor, photos: list[Path]):
    visitor.choose(photos[2])
    frame = visitor.card(photos[2].name).locator(".card__frame")
    before = frame.bounding_box()

    visitor.waits_for("ready", 1)

    assert frame.bounding_box() == before


def test_without_the_event_stream_the_page_asks(visitor: Visitor, tmp_path: Path):
    visitor.page.route("**/api/events", lambda route: route.fulfill(status=204))
    visitor.page.reload()

    visitor.choose(photo(tmp_path, "quiet.jpg"))

    visitor.waits_for("ready", 1)


def test_a_failed_picture_says_why_and_can_be_tried_again(visitor: Visitor, torn: Path):
    visitor.choose(torn)
    visitor.waits_for("failed", 1)
    card = visitor.card("torn.jpg")

    with visitor.page.expect_response(re.compile(r"/retry$")) as retried:
        card.get_by_role("button", name="Try torn.jpg again").click()

    assert retried.value.status == 202
    visitor.waits_for("failed", 1)
    expect(card).to_contain_text("Failed: The picture is damaged or cut off")


def test_delete_asks_and_then_the_picture_is_gone_for_good(visitor: Visitor, tmp_path: Path):
    visitor.choose(photo(tmp_path, "keep.jpg"), photo(tmp_path, "drop.jpg"))
    visitor.waits_for("ready", 2)
    delete = visitor.page.get_by_role("button", name="Delete drop.jpg")

    delete.click()
    visitor.page.keyboard.press("Escape")
    kept = visitor.cards().count()
    delete.click()
    visitor.page.get_by_role("button", name="Delete", exact=True).click()

    expect(visitor.cards()).to_have_count(1)
    assert kept == 2
    assert visitor.focused() == "Delete keep.jpg"
    visitor.page.reload()
    expect(visitor.cards()).to_have_count(1)


def test_what_cant_be_developed_is_refused_before_it_is_sent(visitor: Visitor, tmp_path: Path):
    sent: list[Request] = []
    visitor.page.on("request", lambda request: UPLOADS.search(request.url) and sent.append(request))
    notes, huge = tmp_path / "notes.txt", tmp_path / "huge.jpg"
    notes.write_text("no picture")
    with huge.open("wb") as file:
        file.truncate(25_000_001)

    visitor.choose(notes, huge)

    refusals = visitor.page.locator("[data-refusals] li")
    expect(refusals.nth(0)).to_contain_text("notes.txt is no picture that can be developed.")
    expect(refusals.nth(1)).to_contain_text("Up to 25 MB can be sent")
    assert visitor.cards().count() == 0
    assert sent == []


def test_a_broken_connection_is_mended_by_itself(visitor: Visitor, tmp_path: Path):
    failures = iter(range(2))
    visitor.page.route(
        UPLOADS,
        lambda route: route.abort() if next(failures, None) is not None else route.continue_(),
    )

    visitor.choose(photo(tmp_path, "patient.jpg"))

    expect(visitor.card("patient.jpg")).to_contain_text("Waiting for the connection")
    visitor.waits_for("ready", 1)
    visitor.troubles.clear()  # Chromium itself reports both broken requests


def test_a_lost_answer_does_not_make_a_second_picture(visitor: Visitor, tmp_path: Path):
    visitor.page.add_init_script(_LOSE_FIRST_ANSWER)
    visitor.page.reload()

    visitor.choose(photo(tmp_path, "once.jpg"))
    visitor.waits_for("ready", 1)
    visitor.page.reload()

    expect(visitor.cards()).to_have_count(1)


def test_an_upload_refused_by_the_server_says_why(visitor: Visitor, tmp_path: Path):
    fake = tmp_path / "fake.jpg"
    fake.write_bytes(pictures.html())

    visitor.choose(fake)

    expect(visitor.card("fake.jpg")).to_contain_text("fake.jpg is not an image we can develop.")
    visitor.page.get_by_role("button", name="Delete fake.jpg").click()
    expect(visitor.cards()).to_have_count(0)
    visitor.troubles.clear()


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_files_come_in_by_drop_and_by_paste(visitor: Visitor, tmp_path: Path, way: str):
    visitor.gives(way, "body", [photo(tmp_path, f"by-{way}.jpg")])

    visitor.waits_for("ready", 1)


def test_files_of_one_drop_share_a_batch(visitor: Visitor, tmp_path: Path):
    visitor.choose(photo(tmp_path, "a.jpg"), photo(tmp_path, "b.jpg"))
    visitor.waits_for("ready", 2)

    listed = json.loads(visitor.context.request.get("/api/images").text())["images"]

    assert len({image["batch"] for image in listed} - {None}) == 1


def test_what_is_uploaded_elsewhere_appears_and_goes_by_itself(visitor: Visitor, tmp_path: Path):
    other = visitor.context.new_page()
    other.goto("/")

    other.locator("#files").set_input_files(photo(tmp_path, "elsewhere.jpg"))
    visitor.waits_for("ready", 1)
    other.get_by_role("button", name="Delete elsewhere.jpg").click()
    other.get_by_role("button", name="Delete", exact=True).click()

    expect(visitor.cards()).to_have_count(0)
    expect(visitor.page.get_by_text("No pictures yet")).to_be_visible()


def test_a_placeholder_stands_in_the_frame_until_the_picture_is_there(
    visitor: Visitor, tmp_path: Path
):
    visitor.choose(photo(tmp_path, "slow.jpg"))
    visitor.waits_for("ready", 1)
    held: list[Route] = []
    visitor.page.route(re.compile(r"/images/"), lambda route: held.append(route), times=1)

    visitor.page.goto("/", wait_until="domcontentloaded")
    placeholder = visitor.page.locator("[data-card] svg image")
    expect(placeholder).to_be_visible()
    drawn = placeholder.get_attribute("href")
    for route in held:
        route.continue_()

    expect(placeholder).to_have_count(0)
    assert (drawn or "").startswith("data:image/png;base64,")


def test_the_focal_point_is_set_by_a_click_and_moved_by_keys(visitor: Visitor, tmp_path: Path):
    visitor.choose(photo(tmp_path, "dunes.jpg"))
    visitor.waits_for("ready", 1)
    visitor.page.locator("[data-open]").click()
    visitor.page.get_by_role("button", name="Focal point").click()
    words = visitor.page.locator("[data-focal-words]")
    image = visitor.page.locator("[data-viewer-frame] img")
    place = image.bounding_box()
    assert place

    middle_of_the_picture = place["y"] + place["height"] / 2
    with visitor.page.expect_response(ONE_IMAGE) as clicked:
        visitor.page.mouse.click(place["x"] + place["width"] / 2, middle_of_the_picture)
    expect(words).to_contain_text("The crops follow this point.")
    for _ in range(5):
        visitor.page.keyboard.press("ArrowLeft")
    expect(words).to_contain_text("40 % from the left")
    with visitor.page.expect_response(ONE_IMAGE) as moved:
        visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Escape")
    is_open_after_one_escape = visitor.page.locator("[data-viewer][open]").count() == 1

    assert clicked.value.json()["focal_point"]["x"] == pytest.approx(0.5, abs=0.01)
    assert moved.value.json()["focal_point"]["x"] == pytest.approx(0.4, abs=0.01)
    assert is_open_after_one_escape
