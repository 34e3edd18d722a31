"""What an asset still lacks: the files that its recipes name and its rows do not."""

from __future__ import annotations

from collections.abc import Collection

from media_app.developing import presets
from media_app.models import Asset
from media_app.presets import Recipe, Stage, recipes_of

#: Without these it is not ready.
FOR_READY = frozenset({Stage.FIRST, Stage.READY, Stage.CROPS})


def wanted(asset: Asset) -> tuple[Recipe, ...]:
    """Every file of an asset that is complete, by the presets of now."""
    return recipes_of(presets(), animated=asset.animated, focal=asset.focal)


def lacking(asset: Asset) -> list[Recipe]:
    """The recipes of files that are not there, or are there by an old recipe. One query.

    Of an animation the first stage's file is replaced by one that moves.
    """
    names = set(asset.renditions.values_list("name", flat=True))
    return [
        recipe
        for recipe in wanted(asset)
        if recipe.file_name(asset.original_id) not in names
        and not (asset.animated and recipe.stage is Stage.FIRST)
    ]


def stages_lacking(asset: Asset) -> set[Stage]:
    """The stages of which something is missing; the placeholder comes with the first."""
    stages = {recipe.stage for recipe in lacking(asset)}
    return stages if asset.thumb_hash else stages | {Stage.FIRST}


def surplus(asset: Asset, kept: Collection[Recipe]) -> list[int]:
    """The keys of rows that no preset of now stands behind."""
    known = {(recipe.preset.name, recipe.format.name) for recipe in kept}
    rows = asset.renditions.values_list("pk", "preset", "format")
    return [key for key, *made_by in rows if tuple(made_by) not in known]
