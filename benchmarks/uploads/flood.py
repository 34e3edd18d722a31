"""Many uploads at a time, from a process of their own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.uploads.memory import Memory
from tests.acceptance.harness import BASE_DIR, Run

#: Seconds without an end after which it is given up.
PATIENCE_S = 1200


@dataclass(frozen=True)
class Outcome:
    """Seconds from the first request; milliseconds of each; how late the loop was, in ms."""

    photos: int
    parallel: int
    sent_s: float
    first_pictures_s: float
    ready_s: float
    complete_s: float
    failed: int
    post_ms: list[float]
    late: dict[str, float]
    peak_mb: float
    at_rest_mb: float


class Flood:
    """`photos` uploads of one photo with another tail each, `parallel` at a time."""

    def __init__(self, run: Run, url: str, photo: bytes, photos: int, parallel: int) -> None:
        self._run, self._url, self._photos, self._parallel = run, url, photos, parallel
        self._file = run.data_dir / "photo.jpg"
        self._file.write_bytes(photo)
        self._token = run.token("flood@example.org")
        self._api = httpx.Client(
            base_url=run.url, timeout=60, headers={"Authorization": f"Bearer {self._token}"}
        )

    def play(self, memory: Memory) -> Outcome:
        """Send, and wait for the end of everything."""
        httpx.get(f"{self._url}/lateness").raise_for_status()
        memory.start()
        begun = time.monotonic()
        post_ms = self._send()
        sent_s = time.monotonic() - begun
        late = httpx.get(f"{self._url}/lateness").json()
        times = self._wait(begun)
        memory.stop()
        failed = self._count(lambda image: image["state"] == "failed")
        return Outcome(
            *(self._photos, self._parallel, sent_s, *times, failed, post_ms, late),
            *(memory.peak_mb, memory.at_rest_mb),
        )

    def _send(self) -> list[float]:
        words = [self._url, self._token, str(self._file), str(self._photos), str(self._parallel)]
        command = [sys.executable, "-m", "benchmarks.uploads.flood", *words]
        sent = subprocess.run(command, cwd=BASE_DIR, capture_output=True, check=True)
        times: list[float] = json.loads(sent.stdout)
        return times

    def _wait(self, begun: float) -> tuple[float, float, float]:
        """Seconds until all show a picture, are ready, are complete."""
        seen: list[float] = []
        tests: tuple[Callable[[dict[str, Any]], bool], ...] = (
            lambda image: bool(image["renditions"]) or image["state"] == "failed",
            lambda image: image["state"] != "developing",
            lambda image: image["complete"] or image["state"] == "failed",
        )
        for test in tests:
            while (count := self._count(test)) < self._photos:
                took_s = time.monotonic() - begun
                print(f"\r{count} of {self._photos}, {took_s:.0f} s ", end="", flush=True)
                assert took_s < PATIENCE_S, "It does not end."
                time.sleep(0.5)
            seen.append(time.monotonic() - begun)
        print()
        return seen[0], seen[1], seen[2]

    def _count(self, test: Callable[[dict[str, Any]], bool]) -> int:
        count, cursor = 0, ""
        while cursor is not None:
            asked = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = self._api.get("/api/images", params=asked).raise_for_status().json()
            count += sum(map(test, page["images"]))
            cursor = page["next_cursor"]
        return count


def post_all(url: str, token: str, path: str, photos: str, parallel: str) -> list[float]:
    """Milliseconds of each `POST`."""
    photo, address = Path(path).read_bytes(), urlsplit(url).netloc
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}

    def post(number: int) -> float:
        connection = http.client.HTTPConnection(address, timeout=60)
        body = photo + os.urandom(16)
        begun = time.perf_counter()
        connection.request("POST", f"/api/images?filename=p{number}.jpg", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        took_ms = (time.perf_counter() - begun) * 1000
        connection.close()
        assert answer.status == 202, (answer.status, said)
        return took_ms

    with ThreadPoolExecutor(int(parallel)) as pool:
        return list(pool.map(post, range(int(photos))))


if __name__ == "__main__":
    print(json.dumps(post_all(*sys.argv[1:])))
