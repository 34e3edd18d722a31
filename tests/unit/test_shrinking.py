"""Shrinking: one picture, whatever the engine, the bands and the mode."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageStat

from media_app.geometry import Box, Size
from media_app.imaging import shrinking
from tests import pictures

MODES = ["L", "RGB", "RGBA", "CMYK"]
LANCZOS = Image.Resampling.LANCZOS


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.fixture(params=["ours", "Pillow's"])
def engine(request, monkeypatch) -> str:
    if request.param != "ours":
        monkeypatch.setattr(shrinking, "cykooz_resizer", None)
    return request.param


@pytest.mark.parametrize("mode", MODES)
def test_a_picture_is_shrunk_as_pillow_does(mode, engine):
    picture = pictures.marked(1300, 1100).convert(mode)

    found = shrinking.resized(picture, Size(700, 592))

    assert mean_difference(found, picture.resize((700, 592), LANCZOS)) < 0.1


@pytest.mark.parametrize("box", [None, Box(100, 200, Size(1000, 1203))])
def test_bands_leave_no_seams(box, engine, monkeypatch):
    picture, size = Image.effect_noise((1300, 1500), 70), Size(500, 601)
    in_bands = shrinking.resized(picture, size, box)

    monkeypatch.setattr(shrinking, "_BAND_ROWS", 10_000)
    in_one = shrinking.resized(picture, size, box)

    assert mean_difference(in_bands, in_one) < 0.01
    edges = box.edges if box else None
    assert mean_difference(in_bands, picture.resize((500, 601), LANCZOS, box=edges)) < 1


def test_what_is_shrunk_inherits_nothing():
    picture = pictures.marked(300, 200)
    picture.info["comment"] = b"secret"

    assert shrinking.resized(picture, Size(30, 20)).info == {}
    assert shrinking.resized(picture, Size(300, 200)).info == {}


@pytest.mark.parametrize("size", [(9000, 700), (700, 9000), (5001, 4999)])
def test_a_far_larger_picture_keeps_its_quarters(size):
    small = shrinking.shrunk(pictures.marked(*size), Size(64, 64))

    found = [small.getpixel(at) for at in ((16, 16), (48, 16), (16, 48), (48, 48))]
    assert found == [pictures.RED, pictures.GREEN, pictures.BLUE, pictures.WHITE]
