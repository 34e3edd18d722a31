"""The corpus of hostile and odd files, sent to Darkroom as it runs: by names that are odd, too."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.acceptance.harness import Run
from tests.odd_files import DEVELOPED, FAILED, FILE_NAMES, STILL, Odd, odd_files
from tests.timing import in_time
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(240)

#: Seconds that any request may take.
SOON_S = 2.0


def test_each_file_ends_as_declared_soon_and_nothing_restarts(darkroom: Run):
    api = darkroom.api(f"odd-{uuid.uuid4().hex}@example.com")
    before = darkroom.pids()

    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda odd, name: sent(api, odd, name), odd_files(), cycle(FILE_NAMES))
        )

    wrong = [
        (odd.name, end) for odd, end in ends(api, answers) if end not in odd.ends.split(" or ")
    ]
    assert wrong == []
    assert darkroom.pids() == before
    assert not [line for line in darkroom.log if "Traceback" in line]


def sent(api: httpx.Client, odd: Odd, name: str) -> tuple[Odd, dict[str, Any]]:
    """Upload it, and return what the answer says."""
    begun = time.perf_counter()
    answer = api.post(
        "/api/images",
        params={"filename": name},
        content=odd.data,
        headers={"Content-Type": "image/jpeg"},
    )
    took_s = time.perf_counter() - begun
    assert answer.status_code in {202, 415, 422, 400}, f"{odd.name}: {answer.text}"
    in_time(took_s, SOON_S, f"{odd.name} took")
    return odd, answer.json()


def ends(api: httpx.Client, answers: list[tuple[Odd, dict[str, Any]]]) -> list[tuple[Odd, str]]:
    """How each ended: the code of its refusal, or what became of it."""
    return [(odd, told.get("code") or end_of(api, told["url"])) for odd, told in answers]


def end_of(api: httpx.Client, url: str) -> str:
    def ended() -> dict[str, Any] | None:
        image: dict[str, Any] = api.get(url).raise_for_status().json()
        return image if image["complete"] or image["reason"] else None

    image = eventually(ended, within=60, what=f"{url} ends")
    if image["state"] == "failed":
        return FAILED
    return STILL if image["note"] else DEVELOPED
