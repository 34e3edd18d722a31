"""Presets: the table that is a setting, and names that hold the recipe."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from django.conf import settings

from media_app import presets
from media_app.geometry import Focal
from media_app.presets import WEBP, Recipe, Stage, presets_of, recipes_of

PRESETS = presets_of(settings.IMAGE_PRESETS)

#: Changing one on purpose makes new names and so new files for every picture ever uploaded.
DIGESTS = {
    "small.webp": "8f350f518204",
    "medium.webp": "666dc526bd8f",
    "medium.jpeg": "1bdc9f57cb79",
    "large.webp": "5412dd4677d1",
    "small.avif": "5e6e4cb84c8e",
    "medium.avif": "688f3d976e70",
    "large.avif": "24340168cbf5",
    "square.webp": "9754cc6a94a1",
    "banner.webp": "9c2c5514c20a",
}


def said(recipes: tuple[Recipe, ...]) -> list[str]:
    return [f"{r.stage} {r.preset.name}.{r.format.name}{' moving' * r.moving}" for r in recipes]


def test_seven_files_and_two_crops_are_made_the_first_picture_first_and_avif_late():
    assert said(recipes_of(PRESETS)) == [
        "first small.webp",
        "ready medium.webp",
        "ready medium.jpeg",
        "ready large.webp",
        "last small.avif",
        "last medium.avif",
        "last large.avif",
        "crops square.webp",
        "crops banner.webp",
    ]


def test_of_an_animation_webp_moves_and_nothing_hides_it():
    assert said(recipes_of(PRESETS, animated=True)) == [
        "first small.webp",
        "ready small.webp moving",
        "ready medium.webp moving",
        "ready medium.jpeg",
        "ready large.webp moving",
        "crops square.webp",
        "crops banner.webp",
    ]


def test_a_row_of_the_table_adds_a_width():
    more = presets_of((*settings.IMAGE_PRESETS, ("huge", 2400, "avif")))

    assert said(recipes_of(more))[-3] == "last huge.avif"


@pytest.mark.parametrize("row", [("a", 0, "webp"), ("a", 320, "webp tiff")])
def test_a_row_that_makes_no_sense_is_refused(row):
    with pytest.raises(ValueError, match="Preset 'a': expected a width of at least 1 and formats"):
        presets_of((row,))


def test_name_holds_content_preset_and_recipe():
    [recipe] = [r for r in recipes_of(PRESETS) if r.format.name == "jpeg"]

    name = recipe.file_name("ab" * 32)

    assert re.fullmatch(r"(ab){32}/medium-[0-9a-f]{12}\.jpg", name)


def test_recipes_stay_the_same_from_release_to_release():
    digests = {f"{r.preset.name}.{r.format.name}": r.digest for r in recipes_of(PRESETS)}

    assert digests == DIGESTS


def test_every_part_of_the_recipe_changes_its_digest(monkeypatch):
    recipe = recipes_of(PRESETS)[0]
    before, small = recipe.digest, recipe.preset
    better = replace(WEBP, options=(("method", 2), ("quality", 81)))
    square = replace(recipe, preset=replace(small, ratio=Fraction(1)), focal=Focal())

    changed = [
        replace(recipe, preset=replace(small, width_px=321)),
        replace(recipe, format=better),
        replace(recipe, moving=True),
        square,
        replace(square, focal=Focal(0.5, 0.6)),
        replace(square, preset=replace(square.preset, ratio=Fraction(3))),
    ]
    digests = [each.digest for each in changed]
    monkeypatch.setattr(presets, "PIPELINE_VERSION", presets.PIPELINE_VERSION + 1)
    digests.append(recipe.digest)

    assert len({before, *digests}) == 8


def test_name_and_stage_are_no_part_of_the_recipe():
    recipe = recipes_of(PRESETS)[0]

    other = replace(recipe, preset=replace(recipe.preset, name="tiny"), stage=Stage.READY)

    assert other.digest == recipe.digest


def test_only_crops_change_with_the_focal_point():
    before, after = recipes_of(PRESETS), recipes_of(PRESETS, focal=Focal(0.1, 0.9))

    changed = {a.preset.name for a, b in zip(after, before, strict=True) if a.digest != b.digest}

    assert changed == {"square", "banner"}
