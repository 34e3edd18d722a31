"""Orders: stages, crops, animations, HEIC, placeholders, and nothing of the input's metadata."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from django.conf import settings
from PIL import Image

from media_app.exceptions import UnreadableSource
from media_app.geometry import Focal, Size
from media_app.imaging import Order, develop, develop_prepared, inspect
from media_app.presets import Stage
from tests import heic, pictures

ORDER = Order(table=settings.IMAGE_PRESETS)
EVERYTHING = replace(ORDER, stages=tuple(Stage))
MARKS = [pictures.RED, pictures.GREEN, pictures.BLUE, pictures.WHITE]


def made(data: bytes, order: Order = ORDER) -> dict[str, bytes]:
    return names(develop(data, order))


def names(development) -> dict[str, bytes]:
    return {
        f"{one.recipe.preset.name}.{one.recipe.format.name}": one.data
        for one in development.renditions
    }


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def quarters(picture: Image.Image) -> list[tuple[int, ...]]:
    x, y = picture.width // 4, picture.height // 4
    at = [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)]
    return [picture.convert("RGB").getpixel(place) for place in at]


def assert_near(found, expected, tolerance=14):
    for one, other in zip(found, expected, strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance, found


def test_each_stage_makes_its_own_files():
    data = pictures.small(width=400, height=300)

    by_stage = {stage: set(made(data, replace(ORDER, stages=(stage,)))) for stage in Stage}

    assert by_stage == {
        Stage.FIRST: {"small.webp"},
        Stage.READY: {"medium.webp", "medium.jpeg", "large.webp"},
        Stage.LAST: {"small.avif", "medium.avif", "large.avif"},
        Stage.CROPS: {"square.webp", "banner.webp"},
    }


def test_avif_can_be_made_of_what_an_earlier_stage_kept():
    data = pictures.photo(900, 700)
    last = replace(ORDER, stages=(Stage.LAST,))

    kept = develop(data, replace(ORDER, stages=(Stage.READY,), keep=True))
    later = develop_prepared(kept.prepared, last)

    assert later.size == Size(900, 700)
    assert names(later) == made(data, last)


def test_encoders_at_work_on_one_picture_keep_their_own_settings():
    data = pictures.photo(900, 700)

    alone, together = made(data, replace(ORDER, threads=1)), made(data, replace(ORDER, threads=8))

    assert alone == together


@pytest.mark.parametrize("junk", [b"", b"DkR1RGB " + b"\0" * 20, pictures.small()])
def test_what_was_not_kept_is_not_developed_as_if(junk):
    with pytest.raises(UnreadableSource, match="prepared picture"):
        develop_prepared(junk, ORDER)


@pytest.mark.parametrize("size", [(1200, 800), (800, 1200), (1600, 50), (7, 5)])
def test_crops_have_their_proportion_and_are_not_enlarged(size):
    files = made(pictures.small("PNG", *size), replace(ORDER, stages=(Stage.CROPS,)))

    square, banner = opened(files["square.webp"]), opened(files["banner.webp"])
    side = min(*size, 800)
    assert square.size == (side, side)
    assert banner.width == min(1600, size[0], size[1] * 3)
    assert abs(banner.width - 3 * banner.height) <= 3


@pytest.mark.parametrize(
    ("focal", "colours"),
    [(Focal(0, 0), MARKS[:1]), (Focal(1, 0), MARKS[1:2]), (Focal(1, 1), MARKS[3:])],
)
def test_a_crop_follows_the_focal_point(focal, colours):
    order = replace(ORDER, stages=(Stage.CROPS,), focal=focal, table=(("t", 30, "webp", (1, 9)),))
    wide = replace(order, table=(("w", 60, "webp", (9, 1)),))

    tall, flat = (
        made(pictures.small("PNG", 90, 90), order),
        made(pictures.small("PNG", 90, 90), wide),
    )

    column, row = opened(tall["t.webp"]), opened(flat["w.webp"])
    at = (column.width // 2, 4 if focal.y == 0 else column.height - 5)
    assert_near([column.getpixel(at)], colours)
    assert_near([row.getpixel((4 if focal.x == 0 else row.width - 5, row.height // 2))], colours)


def test_crops_stand_upright():
    order = replace(ORDER, stages=(Stage.CROPS,))

    files = made(pictures.oriented(6, width=90, height=90), order)

    assert_near(quarters(opened(files["square.webp"])), MARKS)


@pytest.mark.parametrize("data", [heic.plain(), heic.turned()], ids=["plain", "turned"])
def test_heic_is_developed_upright(data):
    source = inspect(BytesIO(data), file_name="a.jpg", max_pixels=10_000, max_side_px=100)

    assert (source.format, source.size) == ("heic", Size(60, 40))
    for file in made(data).values():
        assert_near(quarters(opened(file)), MARKS, 40)


def test_a_heic_whose_metadata_crash_others_is_developed():
    # pi-heif's own plugin ends the process at an item whose kind is no text.
    data = heic.turned().replace(b"mime", b"mim\x80", 1)

    assert develop(data, ORDER).size == Size(60, 40)


@pytest.mark.parametrize("part", range(1, 10))
def test_a_heic_cut_anywhere_is_never_developed(part):
    data = heic.plain()

    with pytest.raises(UnreadableSource):
        develop(data[: len(data) * part // 10], ORDER)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP"])
def test_an_animation_moves_in_webp_and_stands_still_in_jpeg(file_format):
    development = develop(pictures.animated(file_format, 400, 300), EVERYTHING)
    files = [(one.recipe, opened(one.data)) for one in development.renditions]

    assert development.animated
    assert development.note == ""
    for recipe, picture in files:
        assert getattr(picture, "n_frames", 1) == (2 if recipe.moving else 1)
    moving = next(picture for recipe, picture in files if recipe.moving)
    assert (moving.size, moving.info["loop"]) == ((320, 240), 1 if file_format == "GIF" else 0)
    assert_near(quarters(moving), MARKS)
    moving.seek(1)
    assert_near(quarters(moving), [pictures.BLUE] * 4)
    assert moving.info["duration"] == 100


def test_frames_without_a_time_last_as_long_as_browsers_show_them():
    still, after = pictures.marked(), pictures.marked().rotate(180)
    data = pictures.saved(still, "GIF", save_all=True, append_images=[after], duration=[0, 70])

    moving = opened(made(data)["large.webp"])

    times = []
    for frame in range(2):
        moving.seek(frame)
        moving.load()
        times.append(moving.info["duration"])
    assert times == [100, 70]


@pytest.mark.parametrize(
    ("limits", "note"),
    [
        ({"max_frames": 1}, "it has 2, and at most 1 move"),
        ({"max_moving_pixels": 4799}, "its 2 frames have 0 megapixels"),
    ],
)
def test_a_long_animation_is_shown_by_its_first_frame_and_that_is_said(limits, note):
    development = develop(pictures.animated("GIF"), replace(ORDER, **limits))

    assert not development.animated
    assert note in development.note
    assert "large.avif" in names(development)


@pytest.mark.parametrize("limits", [{"max_pixels": 2399}, {"max_side_px": 59}])
def test_a_picture_that_grew_since_its_upload_is_not_decoded(limits):
    with pytest.raises(UnreadableSource, match="it has 60 x 40 pixels"):
        develop(pictures.small(), replace(ORDER, **limits))


def test_an_animation_cut_off_is_not_developed():
    whole = pictures.animated("GIF", 200, 100)

    with pytest.raises(UnreadableSource, match="the end is missing"):
        develop(whole[:-20], ORDER)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "AVIF"])
def test_transparency_stays_in_avif(file_format):
    picture = opened(made(pictures.see_through(file_format))["large.avif"])

    assert picture.mode == "RGBA"
    assert picture.getpixel((50, 9))[3] == 0
    assert_near([picture.getpixel((9, 9))], [(*pictures.RED, 255)], 8)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF", "HEIC"])
def test_no_file_of_any_stage_holds_metadata(source):
    data = heic.turned() if source == "HEIC" else pictures.with_metadata(source)
    assert any(secret in data for secret in pictures.SECRETS)

    for name, file in made(data, EVERYTHING).items():
        assert [secret for secret in pictures.SECRETS if secret in file] == [], name
        info = opened(file).info
        assert info.keys() & {"exif", "xmp", "icc_profile", "comment"} == set(), name


def test_no_moving_file_holds_metadata():
    still, after = pictures.marked(), pictures.marked().rotate(180)
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    data = pictures.saved(
        still, "WEBP", save_all=True, append_images=[after], exif=exif, xmp=b"secret place",
        icc_profile=pictures.display_p3(),
    )  # fmt: skip

    for file in made(data, EVERYTHING).values():
        assert [secret for secret in pictures.SECRETS if secret in file] == []


def test_the_first_stage_tells_colour_and_hash():
    picture = Image.new("RGB", (400, 300), (250, 250, 250))
    picture.paste((20, 60, 200), (0, 0, 400, 200))

    first = develop(pictures.saved(picture, "PNG"), replace(ORDER, stages=(Stage.FIRST,)))

    assert first.colour == (20, 60, 200)
    assert 5 < len(first.thumb_hash) <= 25
    later = develop(pictures.saved(picture, "PNG"), replace(ORDER, stages=(Stage.READY,)))
    assert (later.colour, later.thumb_hash) == (None, b"")


def test_a_transparent_picture_has_a_hash_with_alpha():
    first = develop(pictures.see_through(), ORDER)

    assert first.thumb_hash[2] & 0x80
    assert_near([first.colour], [pictures.RED], 3)
    assert develop(pictures.small(), ORDER).thumb_hash[2] & 0x80 == 0
