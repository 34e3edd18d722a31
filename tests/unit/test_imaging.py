"""Pixels: what is accepted, and what comes out of it."""

from __future__ import annotations

import time
import warnings
from io import BytesIO

import pytest
from PIL import Image

from media_app.exceptions import (
    EmptyFile,
    TooManyPixels,
    UnreadableImage,
    UnreadableSource,
    UnsupportedType,
)
from media_app.geometry import Size
from media_app.imaging import Developed, Order, Source, develop, inspect
from media_app.presets import Stage
from tests import pictures
from tests.timing import in_time

FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF"]
ORDER = Order(
    table=tuple(
        (name, width, "webp jpeg")
        for name, width in (("small", 320), ("medium", 800), ("large", 1600))
    ),
    stages=(Stage.FIRST, Stage.READY),
)
LIMITS = {"max_pixels": 64_000_000, "max_side_px": 16_383}


def looked_at(data: bytes, **limits: int) -> Source:
    return inspect(BytesIO(data), file_name="a.jpg", **(LIMITS | limits))


def developed(data: bytes) -> dict[tuple[str, str], Developed]:
    made = develop(data, ORDER).renditions
    return {(one.recipe.preset.name, one.recipe.format.name): one for one in made}


def shown(data: bytes, preset: str = "large", file_format: str = "webp") -> Image.Image:
    picture = Image.open(BytesIO(developed(data)[preset, file_format].data))
    picture.load()
    return picture


def quarters(picture: Image.Image) -> list[tuple[int, ...]]:
    """The colours of the four quarters of a marked picture."""
    x, y = picture.width // 4, picture.height // 4
    at = [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)]
    return [picture.getpixel(place) for place in at]


def assert_near(found, expected, tolerance=12):
    for one, other in zip(found, expected, strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance, found


MARKS = [pictures.RED, pictures.GREEN, pictures.BLUE, pictures.WHITE]


@pytest.mark.parametrize("file_format", FORMATS)
def test_accepted_format_is_recognised_and_developed(file_format):
    data = pictures.small(file_format)

    assert looked_at(data) == Source(file_format.lower(), Size(60, 40))
    assert_near(quarters(shown(data)), MARKS)


def test_position_is_at_the_start_after_inspecting():
    file = BytesIO(pictures.small())
    file.seek(50)

    inspect(file, file_name="a.jpg", **LIMITS)

    assert file.tell() == 0


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_are_shown_upright(orientation, file_format):
    data = pictures.oriented(orientation, file_format)

    assert looked_at(data).size == Size(60, 40)
    assert_near(quarters(shown(data)), MARKS)
    assert_near(quarters(shown(data, file_format="jpeg")), MARKS)


def test_orientation_is_applied_to_shrunken_pictures():
    picture = shown(pictures.oriented(6, width=400, height=200), "small")

    assert picture.size == (320, 160)
    assert_near(quarters(picture), MARKS)


def test_damaged_exif_counts_as_none():
    data = pictures.oriented(6).replace(b"MM\0*\0\0\0\x08", b"MM\0*\xff\xff\xff\xff")

    assert looked_at(data).size == Size(40, 60)


def test_a_phone_photo_gets_every_preset_in_every_format():
    files = developed(pictures.photo())

    assert {key: one.size for key, one in files.items()} == {
        (name, file_format): size
        for name, size in [
            ("small", Size(320, 240)),
            ("medium", Size(800, 600)),
            ("large", Size(1600, 1200)),
        ]
        for file_format in ("webp", "jpeg")
    }
    for (_, file_format), one in files.items():
        picture = Image.open(BytesIO(one.data))
        assert (picture.format.lower(), picture.size) == (
            file_format,
            (one.size.width, one.size.height),
        )


def test_a_small_picture_is_never_enlarged():
    files = developed(pictures.small(width=500, height=300))

    assert [files[name, "webp"].size.width for name in ("small", "medium", "large")] == [
        320,
        500,
        500,
    ]
    assert files["medium", "jpeg"].data is files["large", "jpeg"].data


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (5000, 1), (3, 7)])
def test_odd_shapes_are_developed(size):
    files = developed(pictures.small("PNG", *size))

    assert files["large", "webp"].size == Size(*size).fit_width(1600)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_colours_of_another_profile_are_converted(file_format):
    data = pictures.in_p3((200, 100, 60), file_format)

    for name in ("webp", "jpeg"):
        assert_near([shown(data, file_format=name).getpixel((9, 9))], [(215, 93, 47)], 5)


def test_a_saturated_colour_ends_at_the_edge_of_srgb():
    assert_near([shown(pictures.in_p3((255, 0, 0))).getpixel((9, 9))], [(255, 0, 0)], 5)


def test_a_damaged_profile_counts_as_none():
    picture = Image.new("RGB", (64, 48), (200, 100, 60))
    for profile in (b"no profile", pictures.display_p3()[:200], pictures.ink_profile()):
        data = pictures.saved(picture, "PNG", icc_profile=profile)

        assert_near([shown(data).getpixel((9, 9))], [(200, 100, 60)], 5)


def test_ink_colours_follow_their_profile():
    data = pictures.cmyk((255, 0, 0, 0), profile=pictures.ink_profile())

    assert_near([shown(data).getpixel((9, 9))], [(255, 120, 25)])


@pytest.mark.parametrize(
    ("ink", "colour"), [((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 0, 0), (255, 255, 255))]
)
def test_ink_colours_without_a_profile_are_not_inverted(ink, colour):
    assert_near([shown(pictures.cmyk(ink)).getpixel((9, 9))], [colour])


def test_16_bit_greys_are_scaled_and_not_clipped():
    picture = shown(pictures.grey16())

    found = [picture.getpixel((6 + 12 * column, 20)) for column in range(5)]
    assert_near(found, [(grey,) * 3 for grey in (0, 64, 128, 191, 255)])


def test_16_bit_colours_are_scaled():
    assert_near([shown(pictures.rgb16()).getpixel((9, 9))], [(255, 128, 1)], 5)


CLEAR_RIGHT = {
    "PNG": pictures.see_through("PNG"),
    "WebP": pictures.see_through("WEBP"),
    "AVIF": pictures.see_through("AVIF"),
    "palette": pictures.palette(half_transparent=False),
    "large": pictures.see_through("PNG", 5200, 60),
}


@pytest.mark.parametrize("data", CLEAR_RIGHT.values(), ids=CLEAR_RIGHT)
def test_transparency_stays_in_webp_and_is_white_in_jpeg(data):
    webp, jpeg = shown(data), shown(data, file_format="jpeg")
    left, right = (webp.width // 4, 5), (webp.width * 3 // 4, 5)

    assert_near([webp.getpixel(left)], [(*pictures.RED, 255)])
    assert webp.getpixel(right)[3] == 0
    assert_near([jpeg.getpixel(left), jpeg.getpixel(right)], [pictures.RED, pictures.WHITE])


def test_a_transparent_colour_and_a_grey_with_alpha_are_transparent():
    keyed, grey = shown(pictures.colour_keyed()), shown(pictures.grey_see_through())

    assert (keyed.getpixel((9, 9))[3], keyed.getpixel((50, 9))[3]) == (0, 255)
    assert_near([grey.getpixel((9, 9))], [(128, 128, 128, 255)])
    assert grey.getpixel((50, 9))[3] == 0


@pytest.mark.parametrize("width", [1700, 5200])
def test_hidden_black_leaves_no_fringe(width):
    data = pictures.see_through("PNG", width, 30, colour=pictures.WHITE)

    assert shown(data, "small", "jpeg").getextrema() == ((255, 255),) * 3


def test_an_opaque_alpha_channel_is_dropped():
    assert shown(pictures.saved(pictures.marked(mode="RGBA"), "PNG")).mode == "RGB"


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_begins_with_its_first_frame(file_format):
    data = pictures.animated(file_format)

    assert looked_at(data).size == Size(60, 40)
    for name in ("webp", "jpeg"):
        picture = shown(data, file_format=name)
        assert_near([pixel[:3] for pixel in quarters(picture)], MARKS, 16)


def test_a_phones_double_picture_is_a_jpeg():
    data = pictures.mpo()

    assert looked_at(data) == Source("jpeg", Size(60, 40))
    assert_near(quarters(shown(data)), MARKS)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_renditions_hold_no_metadata(file_format):
    data = pictures.with_metadata(file_format)
    assert any(secret in data for secret in pictures.SECRETS)

    for (_, name), one in developed(data).items():
        kinds = {"VP8 "} if name == "webp" else {"E0", "DB", "C2", "C4", "DA"}
        assert pictures.segments(one.data) == kinds
        assert [secret for secret in pictures.SECRETS if secret in one.data] == []


def test_a_page_hidden_in_a_picture_is_left_behind():
    for one in developed(pictures.polyglot()).values():
        assert b"script" not in one.data


def test_the_same_file_gives_the_same_bytes():
    data = pictures.photo(900, 700)

    first, second = developed(data), developed(data)

    assert first == second


WHOLE = {
    **{name: pictures.small(name, 400, 300) for name in FORMATS},
    "grained JPEG": pictures.photo(400, 300),
    "progressive JPEG": pictures.photo(400, 300, progressive=True),
    "MPO": pictures.mpo(),
}


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_a_file_cut_anywhere_is_never_developed(whole):
    for part in pictures.cuts(whole):
        if whole == WHOLE["MPO"] and part.count(b"\xff\xd8\xff\xe0") == 2:
            continue  # the first picture is whole, and only it is shown
        with pytest.raises(UnreadableSource, match="damaged or cut off"):
            develop(part, ORDER)


@pytest.mark.parametrize("tail", [b"\xff\xd9", b"\0" * 100_000], ids=["closed", "zeros"])
@pytest.mark.parametrize("name", ["grained JPEG", "JPEG"])
def test_a_jpeg_that_was_cut_and_closed_is_never_half_grey(name, tail):
    whole = WHOLE[name]
    pixels = whole.index(b"\xff\xda") + 20
    for part in (pixels, (pixels + len(whole)) // 2, len(whole) - 40):
        with pytest.raises(UnreadableSource, match="damaged or cut off"):
            develop(whole[:part] + tail, ORDER)


def test_a_progressive_jpeg_that_was_cut_and_closed_is_refused():
    whole = WHOLE["progressive JPEG"]
    before_the_last_scan = whole[: whole.rindex(b"\xff\xda")]

    for part in pictures.cuts(before_the_last_scan)[1:]:
        with pytest.raises(UnreadableSource, match="damaged or cut off"):
            develop(part + b"\xff\xd9", ORDER)


@pytest.mark.parametrize(
    "options", [{"restart_marker_rows": 1}, {"optimize": True}, {"subsampling": 0}]
)
def test_whole_jpegs_of_other_writers_are_developed(options):
    for mode in ("RGB", "L"):
        data = pictures.saved(pictures.marked(333, 222, mode), "JPEG", **options)

        assert shown(data + b"a phone's trailer").size == (333, 222)


@pytest.mark.parametrize("filters", ["error", "ignore"])
def test_a_header_bomb_is_refused_in_milliseconds(filters):
    data = pictures.header_bomb()

    began = time.perf_counter()
    with warnings.catch_warnings(action=filters), pytest.raises(TooManyPixels) as refusal:
        looked_at(data)

    took_s = time.perf_counter() - began
    assert (refusal.value.width, refusal.value.height) == (50_000, 50_000)
    in_time(took_s, 0.05)


@pytest.mark.parametrize("file_format", FORMATS)
def test_more_pixels_than_allowed_are_refused(file_format):
    data = pictures.oriented(6) if file_format == "JPEG" else pictures.small(file_format)

    for limits in ({"max_pixels": 2399}, {"max_side_px": 59}):
        with pytest.raises(TooManyPixels, match="The image is 60 x 40 pixels"):
            looked_at(data, **limits)
    assert looked_at(data, max_pixels=2400, max_side_px=60).size == Size(60, 40)


def test_a_webp_is_refused_before_room_is_made_for_it():
    data = bytearray(pictures.animated("WEBP"))
    data[24:30] = b"\xff\xff\xff" * 2

    with pytest.raises(TooManyPixels, match="16,777,216 x 16,777,216"):
        looked_at(bytes(data))


@pytest.mark.parametrize("make", [pictures.html, pictures.svg, pictures.pdf, pictures.video])
def test_anything_else_is_refused_whatever_its_name(make):
    with pytest.raises(UnsupportedType, match=r"a\.jpg is not an image we can develop"):
        looked_at(make())
    with pytest.raises(UnreadableSource, match="not an accepted format"):
        develop(make(), ORDER)


def test_an_empty_file_is_refused():
    with pytest.raises(EmptyFile, match=r"a\.jpg is empty"):
        looked_at(b"")


@pytest.mark.parametrize(
    "junk", [b"\0" * 2_000_000, pictures.png_chunk(b"teSt", b"") * 150_000], ids=["zeros", "chunks"]
)
@pytest.mark.parametrize("head", [b"\xff\xd8\xff", pictures.small("PNG")[:33]], ids=["JPEG", "PNG"])
def test_a_header_without_end_is_given_up_soon(head, junk):
    began = time.perf_counter()

    with pytest.raises(UnreadableImage, match=r"a\.jpg is damaged or cut off"):
        looked_at(head + junk)

    in_time(time.perf_counter() - began, 1)
