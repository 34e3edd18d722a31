"""What stands in a picture's place until it is there: a ThumbHash and the dominant colour."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from math import cos, pi
from typing import TYPE_CHECKING

from media_app.geometry import Size
from media_app.imaging.shrinking import resized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

type Channel = list[list[float]]
type Colour = tuple[int, int, int]

#: Pixels of the longer side that are looked at. More costs time and changes nothing to be seen.
_SIDE_PX = 32

#: Alpha from which a pixel counts for the dominant colour.
_VISIBLE = 128


def thumbnail(picture: Image) -> Image:
    """The picture as RGBA, small enough for the functions below."""
    scale = _SIDE_PX / max(picture.size)
    sides = (min(side, max(round(side * scale), 1)) for side in picture.size)
    return resized(picture.convert("RGBA"), Size(*sides))


def dominant_colour(thumb: Image) -> Colour:
    """The mean of the most frequent group of like colours; white if all is transparent."""
    pixels = [pixel[:3] for pixel in _pixels(thumb) if pixel[3] >= _VISIBLE]
    if not pixels:
        return (255, 255, 255)
    groups = Counter((r >> 5, g >> 5, b >> 5) for r, g, b in pixels)
    [(most, count)] = groups.most_common(1)
    like = [pixel for pixel in pixels if tuple(value >> 5 for value in pixel) == most]
    red, green, blue = (round(sum(channel) / count) for channel in zip(*like, strict=True))
    return red, green, blue


def thumb_hash(thumb: Image) -> bytes:
    """At most 25 bytes from which a blurred picture can be drawn: brightness, two colours, alpha.

    Each channel is a cosine transform cut to its lowest frequencies, four bits a coefficient.

    Source: the format that Evan Wallace defined, https://evanw.github.io/thumbhash/.
    """
    width, height = thumb.size
    pixels = list(_pixels(thumb))
    total = sum(pixel[3] for pixel in pixels) / 255
    mean = [sum(p[i] * p[3] for p in pixels) / 255 / 255 / total if total else 0 for i in range(3)]
    planes: list[list[float]] = [[], [], [], []]
    for pixel in pixels:
        alpha = pixel[3] / 255
        red, green, blue = (mean[i] * (1 - alpha) + alpha * pixel[i] / 255 for i in range(3))
        values = ((red + green + blue) / 3, (red + green) / 2 - blue, red - green, alpha)
        for plane, value in zip(planes, values, strict=True):
            plane.append(value)
    return _packed(planes, width, height, has_alpha=total < width * height)


def _packed(planes: list[list[float]], width: int, height: int, *, has_alpha: bool) -> bytes:
    most = 5 if has_alpha else 7
    across = max(1, round(most * width / max(width, height)))
    down = max(1, round(most * height / max(width, height)))
    light = _transformed(planes[0], width, height, max(3, across), max(3, down))
    warm = _transformed(planes[1], width, height, 3, 3)
    tint = _transformed(planes[2], width, height, 3, 3)
    head = _nearest(63 * light[0]) | _nearest(31.5 + 31.5 * warm[0]) << 6
    head |= _nearest(31.5 + 31.5 * tint[0]) << 12 | _nearest(31 * light[1]) << 18 | has_alpha << 23
    is_wide = width > height
    shape = (down if is_wide else across) | _nearest(63 * warm[1]) << 3
    shape |= _nearest(63 * tint[1]) << 9 | is_wide << 15
    result = head.to_bytes(3, "little") + shape.to_bytes(2, "little")
    waves = [light[2], warm[2], tint[2]]
    if has_alpha:
        alpha = _transformed(planes[3], width, height, 5, 5)
        result += bytes([_nearest(15 * alpha[0]) | _nearest(15 * alpha[1]) << 4])
        waves.append(alpha[2])
    halves = [_nearest(15 * wave) for wave in chain.from_iterable(waves)]
    halves += [0] * (len(halves) % 2)
    return result + bytes(a | b << 4 for a, b in zip(halves[::2], halves[1::2], strict=True))


def _transformed(
    plane: list[float], width: int, height: int, across: int, down: int
) -> tuple[float, float, list[float]]:
    """The mean, the largest coefficient, and all others as fractions 0-1 of the span of that."""
    rows = [plane[y * width : (y + 1) * width] for y in range(height)]
    lines = [[_weighed(row, wave) for row in rows] for wave in _waves(width, across)]
    waves_down = _waves(height, down)
    mean, coefficients = 0.0, []
    for y in range(down):
        for x in range(across):
            if x * down >= across * (down - y):
                break
            value = _weighed(lines[x], waves_down[y]) / (width * height)
            if x or y:
                coefficients.append(value)
            else:
                mean = value
    largest = max(map(abs, coefficients), default=0.0)
    if largest:
        coefficients = [0.5 + 0.5 / largest * value for value in coefficients]
    return mean, largest, coefficients


def _nearest(value: float) -> int:
    """Halves go up, as in the format's first implementation; `round` takes the even one."""
    return int(value + 0.5)


def _waves(length: int, count: int) -> list[list[float]]:
    return [[cos(pi / length * n * (at + 0.5)) for at in range(length)] for n in range(count)]


def _weighed(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(map(float.__mul__, values, weights))


def _pixels(thumb: Image) -> list[tuple[int, int, int, int]]:
    data = thumb.tobytes()
    return list(zip(data[::4], data[1::4], data[2::4], data[3::4], strict=True))
