"""Bytes, time and likeness of settings: `python -m benchmarks.images.settings_table FILE...`."""

from __future__ import annotations

import statistics
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.images.likeness import psnr, reference, ssim

WIDTH = 1600
CHOICES: list[tuple[str, dict[str, Any]]] = [
    *(
        ("WEBP", {"quality": q, "method": m})
        for q, m in ((75, 2), (80, 1), (80, 2), (80, 4), (85, 2))
    ),
    *(
        ("AVIF", {"quality": q, "speed": s, "subsampling": "4:2:0", "max_threads": 2})
        for q, s in ((60, 6), (60, 8), (60, 9), (63, 9), (55, 8), (65, 8))
    ),
    *(
        ("JPEG", {"quality": q, "progressive": p})
        for q, p in ((75, True), (80, True), (80, False), (85, True))
    ),
]


def main(paths: list[str]) -> None:
    pictures = [reference(Path(path).read_bytes(), WIDTH) for path in paths]
    print("| format | settings | ms | KB | PSNR dB | SSIM |\n| --- | --- | --- | --- | --- | --- |")
    for format, options in CHOICES:
        rows = [measured(picture, format, options) for picture in pictures]
        ms, size, noise, like = (statistics.mean(column) for column in zip(*rows, strict=True))
        said = ", ".join(f"{key} {value}" for key, value in options.items())
        print(f"| {format} | {said} | {ms:.0f} | {size / 1000:.0f} | {noise:.2f} | {like:.4f} |")


def measured(picture: Image.Image, format: str, options: dict[str, Any]) -> tuple[float, ...]:
    times = []
    for _ in range(2):
        file, begun = BytesIO(), time.perf_counter()
        picture.save(file, format, **options)
        times.append((time.perf_counter() - begun) * 1000)
    shown = Image.open(BytesIO(file.getvalue()))
    return min(times), len(file.getvalue()), psnr(picture, shown), ssim(picture, shown)


if __name__ == "__main__":
    main(sys.argv[1:])
