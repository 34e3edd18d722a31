"""easy-thumbnails, which many Django sites use. It can't write AVIF: those files are left out."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from django.conf import settings

settings.configure(
    INSTALLED_APPS=["easy_thumbnails"],
    THUMBNAIL_QUALITY=80,
    THUMBNAIL_PROGRESSIVE=100,
    THUMBNAIL_IMAGE_SAVE_OPTIONS={
        "WEBP": {"quality": 80, "method": 2},
        "JPEG": {"quality": 80},
    },
)

import django  # noqa: E402

django.setup()

from easy_thumbnails.files import Thumbnailer  # noqa: E402

from benchmarks.images.work import WORKS, Files, serve  # noqa: E402


def make(path: Path, work: str) -> Files:
    made = {}
    for width, format in WORKS[work]:
        if format == "avif":
            continue
        with path.open("rb") as file:
            thumbnailer = Thumbnailer(file=BytesIO(file.read()), name=path.name)
        thumbnailer.thumbnail_extension = thumbnailer.thumbnail_transparency_extension = format
        thumbnail = thumbnailer.generate_thumbnail({"size": (width, 0)})
        made[width, format] = thumbnail.file.read()
    return made


if __name__ == "__main__":
    serve(make)
