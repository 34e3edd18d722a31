"""libvips at its best: one decode, scaled where it can; widths cascaded; encoders in threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("VIPS_CONCURRENCY", os.environ.get("THREADS", "2"))

import pyvips

from benchmarks.images.work import WORKS, Files, serve

pyvips.cache_set_max(0)
pool = ThreadPoolExecutor(int(os.environ.get("THREADS", "2")))


def make(path: Path, work: str) -> Files:
    widths = sorted({width for width, _ in WORKS[work]}, reverse=True)
    steps: dict[int, Any] = {}
    above = None
    for width in widths:
        if above is None:
            small = pyvips.Image.thumbnail(
                str(path), width, height=100_000, size="down", output_profile="srgb"
            )
        else:
            small = above.thumbnail_image(width, height=100_000, size="down")
        above = steps[width] = small.copy_memory()
    jobs = {key: pool.submit(written, steps[key[0]], key[1]) for key in WORKS[work]}
    return {key: job.result() for key, job in jobs.items()}


def written(picture: Any, format: str) -> bytes:
    if format == "webp":
        data = picture.webpsave_buffer(Q=80, effort=2, keep="none")
    elif format == "avif":
        data = picture.heifsave_buffer(
            compression="av1", Q=60, effort=0, subsample_mode="on", keep="none"
        )
    else:
        data = picture.jpegsave_buffer(Q=80, interlace=True, keep="none", background=255)
    return bytes(data)


if __name__ == "__main__":
    serve(make)
