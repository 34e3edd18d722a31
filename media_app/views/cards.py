"""What a gallery card shows of an image: the JSON of the API, arranged for `<picture>`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from media_app.thumb_hashes import has_alpha

#: The formats of `<source>`, the lightest first: a browser takes the first that it knows.
_SOURCES = ("avif", "webp")
#: What is said of one whose last stage failed; card.js has the same words.
_LACK = "Its lightest files could not be made."


@dataclass(frozen=True)
class Picture:
    """The parts of one `<picture>`. Width and height are the pixels of `src`."""

    sources: list[tuple[str, str]]
    src: str
    width: int
    height: int


def card_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the image with a `picture`, None while there is nothing to show, and a placeholder.

    There is none under a picture that can be seen through: it would show there for ever.
    """
    picture = _picture(image["renditions"])
    is_clear = bool(image["thumb_hash"]) and has_alpha(b64decode(image["thumb_hash"]))
    placeholder = "" if picture and is_clear else image["placeholder"]
    lack = _LACK if image["state"] == "ready" and image["reason"] else ""
    shown = {"picture": picture, "placeholder": placeholder, "lack": lack}
    return {**image, **shown, "can_retry": bool(lack) or image["state"] == "failed"}


def _picture(renditions: list[Mapping[str, Any]]) -> Picture | None:
    whole = [one for one in renditions if not one["crop"]]
    # A JPEG is shown by every browser; while it is not there yet, the preview is.
    fallbacks = [one for one in whole if one["format"] == "jpeg"] or whole
    if not fallbacks:
        return None
    largest = max(fallbacks, key=lambda one: one["width"])
    sources = [(kind, _srcset(whole, kind)) for kind in _SOURCES]
    return Picture(
        sources=[(f"image/{kind}", urls) for kind, urls in sources if urls],
        src=largest["url"],
        width=largest["width"],
        height=largest["height"],
    )


def _srcset(renditions: list[Mapping[str, Any]], image_format: str) -> str:
    """Return `srcset`. A small image has one width in several presets: each is named once."""
    urls = {one["width"]: one["url"] for one in renditions if one["format"] == image_format}
    return ", ".join(f"{urls[width]} {width}w" for width in sorted(urls))
