"""Sizes of pictures, how they shrink and are cropped. Pure Python; knows nothing of files."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Focal:
    """What matters in a picture: fractions 0-1 of width and height, from the top left."""

    x: float = 0.5
    y: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise ValueError(f"expected fractions from 0 to 1, got {self.x}, {self.y}")


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in whole pixels from the top left."""

    left: int
    top: int
    size: Size

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom, as Pillow takes them."""
        return self.left, self.top, self.left + self.size.width, self.top + self.size.height


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, each at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"expected a size of at least 1 x 1, got {self.width} x {self.height}")

    @property
    def pixels(self) -> int:
        """The area."""
        return self.width * self.height

    def turned(self) -> Size:
        """The size after a quarter turn."""
        return Size(self.height, self.width)

    def fit_width(self, max_width: int) -> Size:
        """The size at most `max_width` wide, in proportion; never larger than this one.

        The height is rounded to the nearest pixel in whole numbers (halves up), and at least 1.
        """
        if max_width < 1:
            raise ValueError(f"expected a width of at least 1, got {max_width}")
        if self.width <= max_width:
            return self
        height = (2 * self.height * max_width + self.width) // (2 * self.width)
        return Size(max_width, max(height, 1))

    def crop(self, ratio: Fraction, focal: Focal) -> Box:
        """The largest part of that width to height, its middle as near the focal point as can be.

        Two in one proportion (a picture and its half) give the same part, but for rounding.
        """
        width = min(self.width, max(round(self.height * ratio), 1))
        height = min(self.height, max(round(self.width / ratio), 1))
        return Box(
            _placed(focal.x, width, self.width),
            _placed(focal.y, height, self.height),
            Size(width, height),
        )


def _placed(focal: float, part: int, whole: int) -> int:
    """Where a part begins whose middle is to be at a fraction of the whole."""
    return min(max(round(focal * whole - part / 2), 0), whole - part)
