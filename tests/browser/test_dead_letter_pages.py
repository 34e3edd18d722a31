"""Dead letters in Django's admin, as staff sees them: at a desk and on a phone, under our CSP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.harness import Run
from tests.browser.visitor import Visitor

SCREENS = {
    "desk": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}
#: Pixels by which a page is wider than its screen.
WIDER = "() => Math.max(document.documentElement.scrollWidth - screen.width, 0)"
PASSWORD = "a long enough passphrase"
HOSTILE = "<script>document.title='taken'</script>" + "x" * 300
BURY = f"""
from actors.arithmetic import add
from actors.models import DeadLetter
DeadLetter.objects.all().delete()
for number in range(3):
    message = add._build((number, 1), None)
    DeadLetter.objects.create(
        id=message.message_id, actor_name="add", queue_name="default", error_type="ValueError",
        payload=message.encode(), error={HOSTILE!r}, arguments={HOSTILE!r}, attempts=2,
        tries=[dict(attempt=2, type="ValueError", msg="cold", traceback={HOSTILE!r})],
    )
"""


@pytest.fixture(scope="module")
def keeper(site: Run) -> str:
    """The address of somebody who may do everything."""
    email = "keeper@example.com"
    made = site.manage(
        "createsuperuser", "--noinput", "--email", email, DJANGO_SUPERUSER_PASSWORD=PASSWORD
    )
    assert made.returncode == 0, made.stderr
    return email


def wider(page: Page) -> int:
    """How much wider than its screen the page is, once its stylesheets are there."""
    page.wait_for_load_state("load")
    return int(page.evaluate(WIDER))


@pytest.mark.parametrize("screen", list(SCREENS))
def test_staff_finds_reads_and_sends_again(
    visit: Callable[..., Visitor], site: Run, keeper: str, screen: str
):
    buried = site.manage("shell", "--no-imports", "-c", BURY)
    assert buried.returncode == 0, buried.stderr
    page = visit(**SCREENS[screen]).page
    page.goto("/admin/actors/deadletter/")
    page.get_by_label("E-mail address").fill(keeper)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    rows = page.locator("table.letters tbody tr")
    expect(rows).to_have_count(3)
    over = {"list": wider(page)}
    page.locator("table.letters tbody a").first.click()
    expect(page.locator(".letter-try pre")).to_contain_text("document.title")
    over["one"] = wider(page)
    page.go_back()
    rows.first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("This sends 1 dead letter again")).to_be_visible()
    over["asked"] = wider(page)
    page.get_by_role("button", name="Yes, send 1 again").click()
    expect(page.get_by_text("1 sent again, 0 failed, 0 skipped.")).to_be_visible()
    expect(rows).to_have_count(2)
    page.get_by_label("All that match").check()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Yes, discard 2").click()

    expect(page.get_by_text("Nothing that failed matches.")).to_be_visible()
    assert over == {"list": 0, "one": 0, "asked": 0}
    assert page.title() != "taken"
