"""Sizes: the laws of shrinking."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_app.geometry import Size

sides = st.integers(1, 100_000)
sizes = st.builds(Size, sides, sides)


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
