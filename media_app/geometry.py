"""Sizes of pictures and how they shrink. Pure Python; knows nothing of files or pixels' colours."""

from __future__ import annotations

from dataclasses import dataclass


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
