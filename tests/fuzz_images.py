"""Mutates good files and has them developed: `python -m tests.fuzz_images [SECONDS] [SEED]`.

Ends with status 1 at the first file that crashes or hangs its decoder; that file is kept.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from media_app.exceptions import UnreadableSource
from media_app.imaging import Developer, Order
from media_app.presets import Stage
from tests import heic, pictures

DEADLINE_S = 10
ORDER = Order(
    table=(("small", 32, "webp avif jpeg"), ("square", 20, "webp", (1, 1))), stages=tuple(Stage)
)
#: Values that lengths and counts go wrong with.
EDGES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff")


class DecoderDied(Exception):
    """A mutant crashed or hung its decoder."""


def seeds() -> list[bytes]:
    """One small file of each kind that the decoders tell apart."""
    still = [pictures.small(name) for name in ("JPEG", "PNG", "WEBP", "AVIF", "GIF")]
    moving = [pictures.animated(name) for name in ("GIF", "WEBP", "PNG", "AVIF")]
    described = [pictures.with_metadata(name) for name in ("JPEG", "PNG", "WEBP", "AVIF")]
    return [
        *still, *moving, *described, heic.plain(), heic.turned(), pictures.mpo(),
        pictures.photo(90, 70, progressive=True), pictures.cmyk(profile=pictures.ink_profile()),
        pictures.grey16(), pictures.palette(), pictures.colour_keyed(),
        pictures.see_through("WEBP"), pictures.see_through("AVIF"),
    ]  # fmt: skip


def mutants(seed: int) -> Iterator[bytes]:
    """Files without end, each a good one with a few things wrong."""
    rng, good = random.Random(seed), seeds()
    while True:
        data = bytearray(rng.choice(good))
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            rng.choice((_flip, _overwrite, _cut_out, _repeat))(data, rng)
        yield bytes(data)


def fuzz(seconds: float, seed: int, folder: Path) -> Counter[str]:
    """How mutants ended.

    Raises:
        DecoderDied: one crashed or hung its decoder; `folder` holds it.
    """
    developer = Developer(memory_bytes=600_000_000, deadline_s=DEADLINE_S)
    ends: Counter[str] = Counter()
    path, end = folder / "mutant", time.monotonic() + seconds
    try:
        for data in mutants(seed):
            if time.monotonic() > end:
                return ends
            path.write_bytes(data)
            try:
                developer.develop(path, ORDER)
                ends["developed"] += 1
            except UnreadableSource as exc:
                if {"crashed", "crashed,", "longer", "astray"} & set(exc.found.split()):
                    raise DecoderDied(f"{path}: {exc}") from exc
                ends["memory" if "it needs more" in exc.found else "failed"] += 1
    finally:
        developer.close()
    return ends


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random) -> None:
    at, value = rng.randrange(len(data)), rng.choice(EDGES)
    data[at : at + len(value)] = value


def _cut_out(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : min(at + rng.randrange(1, 20), len(data) - 1)]


def _repeat(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 40)]


def main() -> None:
    seconds, seed = ([float(each) for each in sys.argv[1:]] + [300.0, 1.0][len(sys.argv) - 1 :])[:2]
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    print(f"For {seconds:g} s, seed {seed:g}; the file at hand is {folder}/mutant.", flush=True)
    print(dict(fuzz(seconds, int(seed), folder)))


if __name__ == "__main__":
    main()
