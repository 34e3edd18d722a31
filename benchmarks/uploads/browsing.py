"""Photos one by one in a browser, with idle workers: when the first picture is there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from tests import pictures
from tests.acceptance.harness import PASSWORD, Run
from tests.browser.conftest import FLAGS, NAMES

#: Notes when the answer came, when a picture was put into the page, and when it was loaded.
WATCH = """() => {
  const send = XMLHttpRequest.prototype.send;
  window.seen = {};
  XMLHttpRequest.prototype.send = function (body) {
    this.addEventListener('load', () => { window.seen.answer ??= performance.now(); });
    send.call(this, body);
  };
  new MutationObserver(() => {
    const image = document.querySelector('[data-card] img');
    if (!image || image.dataset.seen) return;
    image.dataset.seen = '1';
    window.seen.put ??= performance.now();
    const shown = () => { window.seen.shown ??= performance.now(); };
    image.complete && image.naturalWidth ? shown() : image.addEventListener('load', shown);
  }).observe(document.querySelector('[data-sheet]'), { childList: true, subtree: true });
}"""


@dataclass(frozen=True)
class First:
    """Milliseconds after the answer to the upload, of each photo."""

    put_ms: list[float]
    shown_ms: list[float]


def measure(run: Run, photos: int) -> First:
    """Upload `photos` of 12 megapixels, each when nothing else is to be done."""
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(base_url=run.url)
        _sign_up(page)
        page.evaluate(WATCH)
        seen = [_one(page, run, number) for number in range(photos + 1)]
        browser.close()
    # The first one warms up the workers' child processes.
    return First([put for put, _ in seen[1:]], [shown for _, shown in seen[1:]])


def _sign_up(page: Page) -> None:
    page.goto("/accounts/sign-up/")
    page.get_by_label("E-mail address").fill("first@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_selector("#files", state="attached")


def _one(page: Page, run: Run, number: int) -> tuple[float, float]:
    photo = run.data_dir / f"photo-{number}.jpg"
    photo.write_bytes(pictures.photo(4000, 3000, seed=900 + number))
    page.wait_for_timeout(2500)
    page.evaluate("() => { window.seen = {}; }")
    page.locator("#files").set_input_files(str(photo))
    page.wait_for_function("() => window.seen.answer && window.seen.shown", timeout=30_000)
    seen = page.evaluate("() => window.seen")
    return seen["put"] - seen["answer"], seen["shown"] - seen["answer"]
