"""ThumbHashes drawn: the encoder's pictures come back, blurred, in their colours."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from media_app import thumb_hashes
from media_app.imaging.placeholder import thumb_hash, thumbnail


def drawn(picture: Image.Image) -> Image.Image:
    """What a browser shows of a picture's hash, at the size of its thumbnail."""
    uri = thumb_hashes.data_uri(thumb_hash(thumbnail(picture)))
    kind, _, data = uri.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(BytesIO(b64decode(data)))


@pytest.mark.parametrize(
    "colour", [(255, 255, 255), (0, 0, 0), (200, 60, 30), (20, 130, 220), (40, 160, 60)]
)
def test_one_colour_comes_back(colour):
    shown = drawn(Image.new("RGB", (60, 40), colour)).getpixel((3, 3))

    assert shown[:3] == pytest.approx(colour, abs=14)
    assert shown[3] == 255


def test_light_and_dark_are_where_they_were():
    picture = Image.new("RGB", (60, 40), "black")
    picture.paste("white", (30, 0, 60, 20))

    shown = drawn(picture).convert("L")
    right, bottom = shown.width - 1, shown.height - 1

    assert shown.getpixel((right, 0)) > 200
    assert max(shown.getpixel(at) for at in ((0, 0), (0, bottom), (right, bottom))) < 60


@pytest.mark.parametrize(("size", "is_wide"), [((120, 40), True), ((40, 120), False)])
def test_it_lies_or_stands_as_the_picture_does(size, is_wide):
    shown = drawn(Image.new("RGB", size, "teal"))

    assert (shown.width > shown.height) == is_wide


def test_what_can_be_seen_through_is_seen_through():
    picture = Image.new("RGBA", (60, 60), (255, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 30, 60))
    hashed = thumb_hash(thumbnail(picture))

    shown = drawn(picture)

    assert thumb_hashes.has_alpha(hashed)
    assert shown.getpixel((0, 5))[3] < 60
    assert shown.getpixel((shown.width - 1, 5))[3] > 195


def test_it_is_small_enough_for_a_page_of_two_dozen():
    noise = Image.effect_noise((90, 60), 200).convert("RGB")

    assert len(thumb_hashes.data_uri(thumb_hash(thumbnail(noise)))) < 900
