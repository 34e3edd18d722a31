"""Files in a real browser: kept for ever, forgotten with the session, shown to who holds a link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor, photo
from tests.waiting import eventually

#: Of the pictures a page has loaded, how many bytes came over the network: 0 from the cache.
SENT_BYTES = """() => performance.getEntriesByType("resource")
  .filter((entry) => entry.name.includes("/images/"))
  .map((entry) => entry.transferSize)"""
STATUS = "async (url) => (await fetch(url)).status"
GIVE_LINKS = """async (url) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const options = { method: "POST", headers: { "X-CSRFToken": token } };
  return (await fetch(url, options)).json();
}"""

#: AVIF comes last, and takes the place of what a page has shown before.
IS_COMPLETE = """async () => {
  const { images } = await (await fetch("/api/images")).json();
  return images.every((image) => image.complete);
}"""


@pytest.fixture
def shown(visitor: Visitor, tmp_path: Path) -> str:
    """The address of the one picture in the visitor's gallery, which the browser has."""
    visitor.choose(photo(tmp_path, "dunes.jpg"))
    visitor.waits_for("ready", 1)
    eventually(lambda: visitor.page.evaluate(IS_COMPLETE), within=30)
    visitor.page.goto("/")
    image = visitor.page.locator("[data-card] img")
    expect(image).to_have_js_property("complete", True)
    return str(image.evaluate("(image) => image.currentSrc"))


def test_a_picture_that_was_seen_is_not_fetched_again(visitor: Visitor, shown: str):
    visitor.page.goto("/")
    expect(visitor.page.locator("[data-card] img")).to_have_js_property("complete", True)

    assert visitor.page.evaluate(SENT_BYTES) == [0]


def test_a_browser_that_logged_out_shows_no_picture_it_has_kept(visitor: Visitor, shown: str):
    before = visitor.page.evaluate(STATUS, shown)
    visitor.page.get_by_role("button", name="Log out").click()
    visitor.page.wait_for_url("**/")
    after = visitor.page.evaluate(STATUS, shown)
    visitor.troubles.clear()  # the console tells of the refusal

    assert (before, after) == (200, 401)


def test_a_link_shows_its_picture_to_somebody_without_an_account(
    visitor: Visitor, visit: Callable[..., Visitor], shown: str
):
    asset_id = shown.split("/")[-2]
    links = visitor.page.evaluate(GIVE_LINKS, f"/api/images/{asset_id}/links")
    path = links["renditions"][0]["url"].partition("/images/")[2]
    stranger = visit()

    answer = stranger.page.goto(f"/images/{path}")

    assert answer is not None
    assert answer.status == 200
    image = stranger.page.locator("img")
    expect(image).to_have_js_property("naturalWidth", 320)
    stranger.troubles.clear()  # the policy keeps the browser's own style from the bare picture
