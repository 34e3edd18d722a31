"""The pages for everybody: by keyboard, on a phone, without JavaScript, with weak eyes."""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FileChooser, expect

from tests.acceptance.harness import Run
from tests.browser.inspection import FAINT, NAMELESS, OVERHANG, TINY
from tests.browser.visitor import Visitor, photo
from tests.waiting import eventually

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LONG = "a-very-long-name-without-any-blank-that-no-phone-can-show-in-one-line.jpg"


def test_the_main_job_needs_no_mouse(visitor: Visitor, tmp_path: Path):
    page = visitor.page
    files = [str(photo(tmp_path, name)) for name in ("one.jpg", "two.jpg")]
    choosers: list[FileChooser] = []
    # From here on: Playwright does not wait until the browser really listens for choosers, and a
    # key that is pressed right after would open one that nobody hears of.
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    expect(page.locator("html.scripted")).to_have_count(1)
    page.locator("body").press("Tab")
    while page.evaluate("() => document.activeElement.id") != "files":
        page.keyboard.press("Tab")

    page.keyboard.press("Enter")
    eventually(lambda: page.wait_for_timeout(20) or choosers, what="the chooser opens")
    choosers[0].set_files(files)
    visitor.waits_for("ready", 2)
    page.keyboard.press("Tab")
    opened = visitor.focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-viewer-name]")).to_have_text("two.jpg (1 of 2)")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-viewer-name]")).to_have_text("one.jpg (2 of 2)")
    page.keyboard.press("Escape")

    assert opened == "Open two.jpg large"
    expect(page.get_by_role("button", name="Open one.jpg large")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_are_readable_and_controls_have_names(visit, torn: Path, tmp_path: Path, scheme: str):
    visitor: Visitor = visit(color_scheme=scheme)
    found: dict[str, list[str]] = {}

    def look(where: str) -> None:
        found[where] = visitor.page.evaluate(FAINT) + visitor.page.evaluate(NAMELESS)

    for path in ("/", "/accounts/log-in/", "/accounts/password-reset/", "/nothing"):
        visitor.page.goto(path)
        look(path)
    visitor.page.goto("/accounts/sign-up/")
    visitor.page.get_by_role("button", name="Sign up").click()
    look("sign-up with errors")
    visitor.sign_up()
    look("empty gallery")
    visitor.choose(torn, photo(tmp_path, "fine.jpg"))
    visitor.waits_for("ready", 1)
    visitor.waits_for("failed", 1)
    look("gallery")

    assert {where: list_ for where, list_ in found.items() if list_} == {}
    visitor.troubles = [one for one in visitor.troubles if "404" not in one]


def test_a_phone_shows_everything_without_scrolling_sideways(visit, torn: Path, tmp_path: Path):
    visitor: Visitor = visit(**PHONE)
    visitor.email = f"{'long' * 12}{visitor.email}"
    overhang: dict[str, list[str]] = {}
    tiny: dict[str, list[str]] = {}

    def look(where: str) -> None:
        overhang[where] = visitor.page.evaluate(OVERHANG)
        tiny[where] = visitor.page.evaluate(TINY)

    for path in ("/", "/accounts/sign-up/", "/accounts/log-in/", "/accounts/password-reset/done/"):
        visitor.page.goto(path)
        look(path)
    visitor.sign_up()
    visitor.choose(torn, photo(tmp_path, LONG))
    visitor.waits_for("ready", 1)
    visitor.waits_for("failed", 1)
    look("gallery")
    visitor.page.get_by_role("button", name=f"Delete {LONG}").click()
    look("question")

    assert {where: list_ for where, list_ in overhang.items() if list_} == {}
    assert {where: list_ for where, list_ in tiny.items() if list_} == {}


def test_the_main_job_needs_no_javascript(
    visit: Callable[..., Visitor], torn: Path, tmp_path: Path
):
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    visitor.sign_up()

    visitor.choose(photo(tmp_path, "plain.jpg"), torn)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("2 pictures accepted and developing.")).to_be_visible()
    expect(page.get_by_text("Without JavaScript the page stays still")).to_be_visible()

    def has_ended() -> bool:
        page.reload()
        return visitor.cards("ready").count() == 1 and visitor.cards("failed").count() == 1

    eventually(has_ended, within=60, what="one picture is ready, one failed")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The picture is developing again.")).to_be_visible()
    visitor.card("plain.jpg").get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("plain.jpg is deleted.")).to_be_visible()
    expect(visitor.cards()).to_have_count(1)


def test_a_password_can_be_seen_while_it_is_typed(visit: Callable[..., Visitor]):
    visitor = visit()
    visitor.page.goto("/accounts/sign-up/")
    field = visitor.page.get_by_label("Password", exact=True)

    visitor.page.get_by_role("button", name="Show password").click()

    assert field.get_attribute("type") == "text"
    assert visitor.page.get_by_role("button", name="Hide password").is_visible()


def test_a_forgotten_password_is_replaced_by_mail(visitor: Visitor, site: Run):
    page = visitor.page
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in").first.click()
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("E-mail address").fill(visitor.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    page.goto(eventually(lambda: _reset_link(site, visitor.email), within=30, what="the mail"))
    page.get_by_label("New password", exact=True).fill("clearing winter storm")
    page.get_by_role("button", name="Store the password").click()
    page.get_by_role("main").get_by_role("link", name="Log in").click()
    page.get_by_label("E-mail address").fill(visitor.email)
    page.get_by_label("Password", exact=True).fill("clearing winter storm")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", name="Your pictures")).to_be_visible()


def _reset_link(site: Run, to: str) -> str:
    """The link of the reset mail to that address, or "" as long as none has come."""
    for path in (site.data_dir / "mail").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes())
        if mail["To"] == to and "password" in mail["Subject"]:
            text = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
            body = text.get_payload(decode=True)
            return re.search(r"http\S+/password-reset/\S+", body.decode()).group(0)
    return ""
