"""The pictures that are developed: made anew, the same on every machine. Photo-like, not photos."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from tests import pictures


def made(folder: Path) -> dict[str, Path]:
    """Name -> file."""
    twelve = pictures.photo()
    files = {
        "jpeg12.jpg": twelve,
        "jpeg24.jpg": pictures.photo(6000, 4000),
        "alpha.png": _alpha(twelve),
        "five.avif": _avif(twelve),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


def _alpha(photo: bytes) -> bytes:
    picture = Image.open(BytesIO(photo)).resize((2000, 1500)).convert("RGBA")
    picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    return pictures.saved(picture, "PNG", compress_level=3)


def _avif(photo: bytes) -> bytes:
    picture = Image.open(BytesIO(photo)).resize((2600, 1950))
    return pictures.saved(picture, "AVIF", quality=70, speed=9)
