"""Writes pictures as files: pixels, and nothing that came with them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from media_app.imaging.colour import on_white
from media_app.presets import JPEG

if TYPE_CHECKING:
    from PIL.Image import Image

    from media_app.presets import Format


def encoded(picture: Image, format: Format) -> bytes:
    """The file. Lets go of the GIL, but for a JPEG's, which is small. Thread-safe.

    Pillow's writers take a comment or a profile from the picture's `info`, which is inherited: what
    comes here was made by `shrinking.resized`, whose result inherits nothing.
    """
    assert not picture.info, "not made by shrinking.resized"
    # A copy: Pillow keeps a writer's options in the picture, where another thread's replace them.
    pixels = (on_white(picture) if format is JPEG else picture).copy()
    file = BytesIO()
    pixels.save(file, format.name, **dict(format.options))
    return file.getvalue()
