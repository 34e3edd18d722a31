"""Pillow as tutorials use it: open, resize, save, for every file again."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from benchmarks.images.work import AVIF, JPEG, WEBP, WORKS, Files, serve

OPTIONS = {"webp": WEBP, "jpeg": JPEG, "avif": AVIF}


def make(path: Path, work: str) -> Files:
    return {key: one(path, *key) for key in WORKS[work]}


def one(path: Path, width: int, format: str) -> bytes:
    picture = ImageOps.exif_transpose(Image.open(path))
    small = picture.resize(
        (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
    )
    file = BytesIO()
    shown = small.convert("RGB") if format == "jpeg" else small
    shown.save(file, format, **OPTIONS[format])
    return file.getvalue()


if __name__ == "__main__":
    serve(make)
