"""This project's pipeline, as a worker runs it: in a child process of its own."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.images.work import Files, serve
from media_app.imaging import Developer, Order
from media_app.presets import Stage

TABLE = (
    ("small", 320, "webp avif"),
    ("medium", 800, "webp avif jpeg"),
    ("large", 1600, "webp avif"),
)
STAGES = {
    "first": (Stage.FIRST,),
    "ready": (Stage.FIRST, Stage.READY),
    "all": (Stage.FIRST, Stage.READY, Stage.LAST),
}
developer = Developer(memory_bytes=900_000_000, deadline_s=60)


def make(path: Path, work: str) -> Files:
    order = Order(TABLE, stages=STAGES[work], threads=int(os.environ.get("THREADS", "2")))
    made = developer.develop(path, order).renditions
    return {(one.size.width, one.recipe.format.name): one.data for one in made}


if __name__ == "__main__":
    serve(make, lambda: developer.pid or 0)
