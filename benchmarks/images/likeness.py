"""How like two pictures are: SSIM of the brightness, and the shrinking to compare with."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image

_WINDOW = 8


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Mean structural similarity of two pictures of one size; windows of 8 x 8, step 1."""
    a, b = (np.asarray(p.convert("RGB").convert("L"), np.float64) for p in (one, other))
    mean_a, mean_b = _mean(a), _mean(b)
    var_a = _mean(a * a) - mean_a**2
    var_b = _mean(b * b) - mean_b**2
    both = _mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise in dB, over all channels."""
    a, b = (np.asarray(p.convert("RGB"), np.float64) for p in (one, other))
    error = float(((a - b) ** 2).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


@lru_cache
def reference(data: bytes, width: int, height: int | None = None) -> Image.Image:
    """The full decode shrunk by LANCZOS in 32-bit floats."""
    whole = Image.open(BytesIO(data)).convert("RGB")
    size = (width, height or round(whole.height * width / whole.width))
    planes = [
        Image.fromarray(np.asarray(plane, np.float32)).resize(size, Image.Resampling.LANCZOS)
        for plane in whole.split()
    ]
    exact = np.stack([np.asarray(plane) for plane in planes], axis=-1)
    return Image.fromarray(np.clip(np.rint(exact), 0, 255).astype(np.uint8))


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean of every window, by running sums."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    w = _WINDOW
    return (sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]) / w**2
