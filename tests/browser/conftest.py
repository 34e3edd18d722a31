"""A real Chromium in front of the site as `make run` starts it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import pictures
from tests.acceptance.harness import Run, running
from tests.browser.visitor import Visitor
from tests.missing import lacks

NAMES = ("chromium", "google-chrome", "chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site() -> Iterator[Run]:
    """Darkroom with everything of its own: Valkey, workers, mailbox, SQLite."""
    with running() as run:
        yield run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. One a module, not one a session: as long as Playwright's synchronous API is
    open, its event loop counts as running in this thread, and asynchronous tests can't start.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        lacks("Chromium", "install Debian's `chromium`, or Google Chrome.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, site: Run) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors. The test fails if one of their pages complained on the console."""
    visitors: list[Visitor] = []

    def come(**options: object) -> Visitor:
        visitors.append(Visitor(browser.new_context(base_url=site.url, **options)))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.leave()
    assert [trouble for visitor in visitors for trouble in visitor.troubles] == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody at a desk who has just signed up."""
    visitor = visit(viewport={"width": 1280, "height": 800})
    visitor.sign_up()
    return visitor


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three real-sized photos, two lying and one standing."""
    folder = tmp_path_factory.mktemp("photos")
    sizes = {"harbour.jpg": (4000, 3000), "garden.jpg": (4000, 3000), "tower.jpg": (3000, 4000)}
    for seed, (name, (width, height)) in enumerate(sizes.items()):
        (folder / name).write_bytes(pictures.photo(width, height, seed=seed))
    return sorted(folder.iterdir())


@pytest.fixture(scope="session")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo whose second half is missing: accepted by its header, never developed."""
    whole = pictures.photo(1600, 1200)
    path = tmp_path_factory.mktemp("torn") / "torn.jpg"
    path.write_bytes(whole[: len(whole) // 2])
    return path
