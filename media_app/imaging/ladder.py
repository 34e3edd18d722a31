"""From one picture down to all sizes: which ones, and each from the next larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from media_app.geometry import Focal, Size
from media_app.imaging.shrinking import resized

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL.Image import Image

    from media_app.presets import Recipe


def widest_needed(recipes: Iterable[Recipe], original: Size) -> Size:
    """The size of the whole picture from which every recipe can be made without enlarging."""
    return original.fit_width(max((_width_of_all(r, original) for r in recipes), default=1))


def pictures_of(recipes: Iterable[Recipe], picture: Image, original: Size) -> dict[Recipe, Image]:
    """The picture that each recipe writes, widths cascaded from large to small.

    Args:
        recipes: of whole pictures and of crops.
        picture: as large as `widest_needed` says, or larger.
        original: the original's upright size.
    """
    wholes = {r: original.fit_width(r.preset.width_px) for r in recipes if not r.preset.ratio}
    steps: dict[Size, Image] = {}
    for size in sorted(set(wholes.values()), key=lambda size: size.pixels, reverse=True):
        above = next(reversed(steps.values()), picture)
        steps[size] = above if above.size == (size.width, size.height) else resized(above, size)
    made = {recipe: steps[size] for recipe, size in wholes.items()}
    return made | {r: _cropped(r, picture) for r in recipes if r.preset.ratio}


def _width_of_all(recipe: Recipe, original: Size) -> int:
    """How wide the whole picture is when the recipe's part of it is as wide as asked for."""
    if recipe.preset.ratio is None:
        return recipe.preset.width_px
    part = original.crop(recipe.preset.ratio, Focal()).size
    return -(-original.width * min(recipe.preset.width_px, part.width) // part.width)


def _cropped(recipe: Recipe, picture: Image) -> Image:
    assert recipe.preset.ratio
    box = Size(*picture.size).crop(recipe.preset.ratio, recipe.focal or Focal())
    return resized(picture, box.size.fit_width(recipe.preset.width_px), box)
