"""What a person says about mails: by the account page, and by looking at the gallery."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Response, expect

from tests.browser.inspection import FAINT, NAMELESS, OVERHANG, TINY
from tests.browser.visitor import Visitor, photo
from tests.waiting import eventually

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mails_about_pictures_are_switched_off_with_one_box(visit, screen, scheme: str):
    visitor: Visitor = visit(color_scheme=scheme, **screen)
    visitor.sign_up()
    page = visitor.page
    box = page.get_by_label("Mail me when my pictures are ready")

    page.get_by_role("link", name=visitor.email).click()
    expect(box).to_be_checked()
    page.get_by_text("Mail me when my pictures are ready").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    expect(box).not_to_be_checked()
    assert [page.evaluate(look) for look in (FAINT, NAMELESS, OVERHANG, TINY)] == [[]] * 4


def test_the_gallery_tells_the_server_what_it_has_shown(visitor: Visitor, tmp_path: Path):
    answers: list[Response] = []
    visitor.page.on("response", lambda one: one.url.endswith("/seen") and answers.append(one))

    visitor.choose(*[photo(tmp_path, name) for name in ("one.jpg", "two.jpg")])
    visitor.waits_for("ready", 2)

    def seen() -> int:
        visitor.page.wait_for_timeout(20)  # lets Playwright hear of answers
        return sum(answer.json()["seen"] for answer in answers)

    eventually(lambda: seen() == 2, what="both are told of")
