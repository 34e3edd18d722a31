"""What a gallery card shows of an image: the JSON of the API, arranged for `<picture>`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Picture:
    """The parts of one `<picture>`. Width and height are the pixels of `src`."""

    webp: str
    jpeg: str
    src: str
    width: int
    height: int


def card_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the image with a `picture`, which is None while there is nothing to show."""
    return {**image, "picture": _picture(image["renditions"])}


def _picture(renditions: list[Mapping[str, Any]]) -> Picture | None:
    jpegs = [one for one in renditions if one["format"] == "jpeg"]
    if not jpegs:
        return None
    largest = max(jpegs, key=lambda one: one["width"])
    return Picture(
        webp=_srcset(renditions, "webp"),
        jpeg=_srcset(renditions, "jpeg"),
        src=largest["url"],
        width=largest["width"],
        height=largest["height"],
    )


def _srcset(renditions: list[Mapping[str, Any]], image_format: str) -> str:
    """Return `srcset`. A small image has one width in several presets: each is named once."""
    urls = {one["width"]: one["url"] for one in renditions if one["format"] == image_format}
    return ", ".join(f"{urls[width]} {width}w" for width in sorted(urls))
