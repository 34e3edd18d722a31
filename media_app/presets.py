"""What is made of every original: widths, formats, encoder settings, stages and the files' names.

Pure Python; the settings hold the table (`IMAGE_PRESETS`), media_app/imaging applies the recipes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from media_app.geometry import Focal

#: Raise it when the pixels or bytes of renditions change by anything that a recipe's digest doesn't
#: see: another way of shrinking or of converting colour, an encoder library that writes otherwise.
PIPELINE_VERSION = 2

#: One row of the setting: name, width in pixels, formats, and for a crop its width to height.
type Row = tuple[str, int, str] | tuple[str, int, str, tuple[int, int]]


class Stage(StrEnum):
    """When a rendition is made. Each stage is a message of its own."""

    FIRST = "first"  # the narrowest WebP, with the placeholder
    READY = "ready"  # WebP and JPEG
    LAST = "last"  # AVIF
    CROPS = "crops"  # what follows the focal point


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file to write. `options` are what its encoder is told, sorted by name."""

    name: str
    extension: str
    options: tuple[tuple[str, int | bool | str], ...]

    @property
    def content_type(self) -> str:
        """The media type to serve it under."""
        return content_type(self.name)


#: How these were chosen, in bytes, time and likeness: docs/images.md.
WEBP = Format("webp", "webp", (("method", 2), ("quality", 80)))
JPEG = Format("jpeg", "jpg", (("progressive", True), ("quality", 80)))
#: Two threads always: their number changes the bytes.
AVIF = Format(
    "avif",
    "avif",
    (("max_threads", 2), ("quality", 60), ("speed", 9), ("subsampling", "4:2:0")),
)
FORMATS = {format.name: format for format in (WEBP, JPEG, AVIF)}


@dataclass(frozen=True, slots=True)
class Preset:
    """A named width. A narrower original keeps its own: every preset exists for every picture.

    With a `ratio` (width to height) it is a crop that follows the focal point.
    """

    name: str
    width_px: int
    formats: tuple[Format, ...]
    ratio: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """One file to make. `moving`: an animation stays one. `focal` is for crops only."""

    preset: Preset
    format: Format
    stage: Stage
    moving: bool = False
    focal: Focal | None = None

    @property
    def digest(self) -> str:
        """Twelve hex digits of everything that decides a rendition's bytes beside its original."""
        parts = [PIPELINE_VERSION, self.preset.width_px, self.format.name, self.format.options]
        if self.preset.ratio and self.focal:
            parts += [str(self.preset.ratio), self.focal.x, self.focal.y]
        if self.moving:
            parts.append("moving")
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def file_name(self, original_digest: str) -> str:
        """The storage's name: the same content by the same recipe, the same name."""
        return f"{original_digest}/{self.preset.name}-{self.digest}.{self.format.extension}"


def presets_of(table: Sequence[Row]) -> tuple[Preset, ...]:
    """The presets that the rows of `IMAGE_PRESETS` describe.

    Raises:
        ValueError: a row names a format that can't be written, or no width.
    """
    return tuple(_preset(*row) for row in table)


def recipes_of(
    presets: Sequence[Preset], *, animated: bool = False, focal: Focal | None = None
) -> tuple[Recipe, ...]:
    """Every file to make of one picture, in the order of its stages.

    Of an animation, the first stage and JPEG show a frame that stands still, the WebP files move,
    and there is no AVIF: browsers would prefer it, and it would stand still.
    """
    whole = [preset for preset in presets if preset.ratio is None]
    first = min(whole, key=lambda preset: preset.width_px, default=None)
    recipes = []
    for preset in presets:
        for format in preset.formats:
            if preset.ratio is not None:
                recipes.append(Recipe(preset, format, Stage.CROPS, focal=focal or Focal()))
                continue
            if preset is first and format is WEBP:
                recipes.append(Recipe(preset, format, Stage.FIRST))
            if not animated and format is AVIF:
                recipes.append(Recipe(preset, format, Stage.LAST))
            elif format is JPEG or (format is WEBP and (animated or preset is not first)):
                moving = animated and format is WEBP
                recipes.append(Recipe(preset, format, Stage.READY, moving=moving))
    return tuple(sorted(recipes, key=lambda recipe: list(Stage).index(recipe.stage)))


def content_type(format_name: str) -> str:
    """The media type of an original's or a rendition's format (`jpeg`, `png`, `webp`, ...)."""
    return f"image/{format_name}"


def _preset(name: str, width_px: int, formats: str, ratio: tuple[int, int] | None = None) -> Preset:
    unknown = set(formats.split()) - FORMATS.keys()
    if unknown or width_px < 1:
        raise ValueError(
            f"Preset {name!r}: expected a width of at least 1 and formats of {', '.join(FORMATS)}, "
            f"got {width_px} and {formats!r}."
        )
    written = tuple(format for format in FORMATS.values() if format.name in formats.split())
    return Preset(name, width_px, written, Fraction(*ratio) if ratio else None)
