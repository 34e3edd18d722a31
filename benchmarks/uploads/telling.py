"""Photos one by one by the API, with idle workers: when the event stream tells of the first.

What it tells of is there: the rendition is stored, and the placeholder with it.
"""

from __future__ import annotations

import json
import threading
import time

import httpx

from tests import pictures
from tests.acceptance.harness import Run

#: Seconds for one photo, and the pause after it: the workers finish what comes after the first.
WITHIN_S, PAUSE_S = 30.0, 2.0


def measure(run: Run, photos: int) -> list[float]:
    """Upload `photos` of 12 megapixels; return milliseconds from each answer to the event."""
    client = run.api("told@example.org")
    told: dict[str, float] = {}
    is_open = threading.Event()
    threading.Thread(target=_listen, args=(run, client, told, is_open), daemon=True).start()
    assert is_open.wait(WITHIN_S)
    # The first one warms up the workers' child processes.
    return [_one(client, told, number) for number in range(photos + 1)][1:]


def _listen(
    run: Run, client: httpx.Client, told: dict[str, float], is_open: threading.Event
) -> None:
    with (
        httpx.Client(base_url=run.url, headers=client.headers, timeout=None) as listener,
        listener.stream("GET", "/api/events") as answer,
    ):
        for line in answer.iter_lines():
            now = time.perf_counter()
            is_open.set()
            if line.startswith("data:") and (image := json.loads(line[5:])).get("renditions"):
                told.setdefault(image["id"], now)


def _one(client: httpx.Client, told: dict[str, float], number: int) -> float:
    photo = pictures.photo(4000, 3000, seed=700 + number)
    time.sleep(PAUSE_S)
    answer = client.post("/api/images", content=photo, headers={"Content-Type": "image/jpeg"})
    answered = time.perf_counter()
    image = answer.raise_for_status().json()["id"]
    while image not in told:
        assert time.perf_counter() - answered < WITHIN_S, f"Nothing told of {image}."
        time.sleep(0.001)
    return (told[image] - answered) * 1000
