"""Sizes: the laws of shrinking."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_app.geometry import Focal, Size

sides = st.integers(1, 100_000)
sizes = st.builds(Size, sides, sides)
ratios = st.fractions(Fraction(1, 5), 5, max_denominator=20)
focals = st.builds(Focal, st.floats(0, 1), st.floats(0, 1))


@given(sizes, sides)
def test_fitting_never_enlarges(size, max_width):
    fitted = size.fit_width(max_width)

    assert fitted.width == min(size.width, max_width)
    assert 1 <= fitted.height <= size.height


@given(sizes, sides)
def test_fitting_keeps_the_proportion_to_half_a_pixel(size, max_width):
    fitted = size.fit_width(max_width)

    exact = Fraction(size.height * fitted.width, size.width)
    assert abs(fitted.height - exact) <= Fraction(1, 2) or (fitted.height == 1 and exact < 1)


@given(sizes, sides)
def test_fitting_twice_changes_nothing(size, max_width):
    fitted = size.fit_width(max_width)

    assert fitted.fit_width(max_width) == fitted


@given(sizes, ratios, focals)
def test_a_crop_lies_within_and_is_as_large_as_can_be(size, ratio, focal):
    left, top, right, bottom = size.crop(ratio, focal).edges

    assert 0 <= left < right <= size.width
    assert 0 <= top < bottom <= size.height
    assert right - left == size.width or bottom - top == size.height


@given(sizes, ratios, focals)
def test_a_crop_has_its_proportion_to_half_a_pixel(size, ratio, focal):
    part = size.crop(ratio, focal).size

    half = Fraction(1, 2)
    assert (
        abs(part.height - part.width / ratio) <= half
        or abs(part.width - part.height * ratio) <= half
        or 1 in (part.width, part.height)
    )


@given(sizes, ratios)
def test_the_middle_of_a_crop_is_the_focal_point_where_there_is_room(size, ratio):
    box = size.crop(ratio, Focal(0.5, 0.5))

    assert abs(2 * box.left + box.size.width - size.width) <= 1
    assert abs(2 * box.top + box.size.height - size.height) <= 1


@pytest.mark.parametrize("point", [(-0.1, 0.5), (0.5, 1.1), (float("nan"), 0)])
def test_a_focal_point_outside_of_the_picture_is_refused(point):
    with pytest.raises(ValueError, match="expected fractions from 0 to 1"):
        Focal(*point)


@given(sizes)
def test_two_quarter_turns_keep_the_size(size):
    assert size.turned().turned() == size
    assert size.turned().pixels == size.pixels == size.width * size.height


def test_half_a_pixel_is_rounded_up():
    assert Size(200, 101).fit_width(100) == Size(100, 51)


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 5)])
def test_a_size_without_pixels_is_refused(width, height):
    with pytest.raises(ValueError, match=f"got {width} x {height}"):
        Size(width, height)


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValueError, match="got 0"):
        Size(4, 3).fit_width(0)
