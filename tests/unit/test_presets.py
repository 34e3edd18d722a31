"""Presets: names that hold the recipe."""

from __future__ import annotations

import re
from dataclasses import replace

from media_app import presets
from media_app.presets import FORMATS, JPEG, PRESETS, WEBP, recipe_digest, rendition_name

#: Changing one on purpose makes new names and so new files for every picture ever uploaded.
DIGESTS = [
    "b54e9e6e5b33",
    "b23429a0fd28",
    "4e3d3b59cbc3",
    "965335f46f39",
    "45fbd55192c0",
    "1386e6089db3",
]


def test_three_widths_in_two_formats_are_made():
    assert [(preset.name, preset.width_px) for preset in PRESETS] == [
        ("small", 320),
        ("medium", 800),
        ("large", 1600),
    ]
    assert [format.content_type for format in FORMATS] == ["image/webp", "image/jpeg"]


def test_name_holds_content_preset_and_recipe():
    name = rendition_name("ab" * 32, PRESETS[0], JPEG)

    assert re.fullmatch(r"(ab){32}/small-[0-9a-f]{12}\.jpg", name)
    assert rendition_name("ab" * 32, PRESETS[0], WEBP).endswith(".webp")


def test_recipes_stay_the_same_from_release_to_release():
    digests = [recipe_digest(preset, format) for preset in PRESETS for format in FORMATS]

    assert digests == DIGESTS


def test_every_part_of_the_recipe_changes_its_digest(monkeypatch):
    small = PRESETS[0]
    before = recipe_digest(small, WEBP)
    better = replace(WEBP, options=(("method", 2), ("quality", 81)))

    changed = [recipe_digest(replace(small, width_px=321), WEBP), recipe_digest(small, JPEG)]
    changed.append(recipe_digest(small, better))
    monkeypatch.setattr(presets, "PIPELINE_VERSION", presets.PIPELINE_VERSION + 1)
    changed.append(recipe_digest(small, WEBP))

    assert len({before, *changed}) == 5


def test_name_of_a_preset_is_no_part_of_the_recipe():
    small = PRESETS[0]

    assert recipe_digest(replace(small, name="tiny"), WEBP) == recipe_digest(small, WEBP)
