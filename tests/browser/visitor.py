"""A person in front of a browser: what they do, what they see, what the console complains of."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, expect

from tests import pictures

PASSWORD = "a long enough passphrase"
#: Milliseconds until real-sized photos must be developed, on a busy machine.
DEVELOPED_WITHIN_MS = 60_000
#: Every photo has a content of its own: tests must not meet in the store.
_SEEDS = count(1000)


def photo(folder: Path, name: str) -> Path:
    """Write a small photo that nobody else has."""
    path = folder / name
    path.write_bytes(pictures.photo(640, 480, seed=next(_SEEDS)))
    return path


class Visitor:
    """One browser profile with one page."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page = context.new_page()
        self.email = f"visitor-{uuid.uuid4().hex[:8]}@example.org"
        self.troubles: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def leave(self) -> None:
        self.context.close()

    def sign_up(self) -> None:
        self.page.goto("/accounts/sign-up/")
        self.page.get_by_label("E-mail address").fill(self.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign up").click()
        expect(self.page.get_by_role("heading", name="Your pictures")).to_be_visible()

    def choose(self, *files: Path) -> None:
        self.page.locator("#files").set_input_files(list(files))

    def cards(self, state: str | None = None) -> Locator:
        return self.page.locator(f"[data-card][data-state={state}]" if state else "[data-card]")

    def card(self, name: str) -> Locator:
        return self.page.locator(f'[data-card][data-name="{name}"]')

    def waits_for(self, state: str, count: int) -> None:
        expect(self.cards(state)).to_have_count(count, timeout=DEVELOPED_WITHIN_MS)

    def focused(self) -> str:
        """The accessible name, or the text, of what the keyboard is at."""
        script = "() => document.activeElement.ariaLabel || document.activeElement.innerText"
        return str(self.page.evaluate(script)).strip()

    def gives(self, event: str, target: str, files: Iterable[Path]) -> None:
        """Drop or paste files: a real event with a real `DataTransfer`."""
        contents = [{"name": file.name, "bytes": list(file.read_bytes())} for file in files]
        self.page.evaluate(_GIVE, [event, target, contents])

    def _hear(self, message: object) -> None:
        if getattr(message, "type", "") in {"error", "warning"}:
            self.troubles.append(getattr(message, "text", ""))


_GIVE = """([kind, target, contents]) => {
  const transfer = new DataTransfer();
  for (const { name, bytes } of contents)
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
  const init = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...init, clipboardData: transfer })
    : new DragEvent(kind, { ...init, dataTransfer: transfer });
  document.querySelector(target).dispatchEvent(event);
}"""
