"""The corpus of hostile and odd files: each ends as its manifest says, soon, in one child."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from itertools import islice

import pytest
from django.conf import settings

from media_app.exceptions import RejectedUpload, UnreadableSource
from media_app.imaging import Developer, Order, inspect, memory_needed
from media_app.ingest import clean_name
from tests.fuzz_images import fuzz, mutants
from tests.odd_files import DEVELOPED, FAILED, FILE_NAMES, STILL, Odd, odd_files
from tests.timing import in_time

ORDER = Order(table=settings.IMAGE_PRESETS)
ALL = list(odd_files())

#: Seconds that looking at a header may take, on a machine that does other things too.
SOON_S = 1


@pytest.fixture(scope="module")
def developer() -> Iterator[Developer]:
    made = Developer(memory_bytes=settings.IMAGE_MEMORY_BYTES, deadline_s=30)
    yield made
    made.close()


def end_of(odd: Odd, path, developer: Developer) -> str:
    """What becomes of a file: looked at first, and developed if it isn't refused."""
    begun = time.perf_counter()
    try:
        inspect(
            BytesIO(odd.data),
            file_name="a.jpg",
            max_pixels=settings.IMAGE_MAX_PIXELS,
            max_side_px=settings.IMAGE_MAX_SIDE_PX,
            memory_bytes=settings.IMAGE_MEMORY_BYTES,
        )
    except RejectedUpload as exc:
        return exc.code
    finally:
        in_time(time.perf_counter() - begun, SOON_S)
    path.write_bytes(odd.data)
    try:
        return STILL if developer.develop(path, ORDER).note else DEVELOPED
    except UnreadableSource:
        return FAILED


@pytest.mark.skipif(os.name == "nt", reason="limits are Unix's")
@pytest.mark.parametrize("odd", ALL, ids=[odd.name for odd in ALL])
def test_each_ends_as_declared_and_no_child_dies_of_it(odd, tmp_path, developer):
    developer.prepare()
    child = developer.pid

    end = end_of(odd, tmp_path / "original", developer)

    assert end in odd.ends.split(" or ")
    assert developer.pid == child


def test_there_are_many_and_no_two_have_one_name():
    assert len({odd.name for odd in ALL}) == len(ALL) >= 60


def test_they_are_the_same_on_every_run():
    again = list(odd_files())

    # An AVIF that moves holds the time when it was made.
    assert [odd for odd in again if odd.name != "moving: AVIF"] == [
        odd for odd in ALL if odd.name != "moving: AVIF"
    ]


@pytest.mark.parametrize("name", FILE_NAMES, ids=range(len(FILE_NAMES)))
def test_no_name_holds_a_path_or_anything_unseen(name):
    cleaned = clean_name(name)

    assert 0 < len(cleaned) <= 255
    assert not set(cleaned) & set("/\\\0\r\n\u202e\u2066\u2067\u2069")
    assert cleaned not in {".", ".."}


def test_mutated_files_are_looked_at_without_any_surprise():
    ends = Counter()

    for data in islice(mutants(3), 1500):
        file = BytesIO(data)
        memory_needed(file)
        try:
            inspect(file, file_name="a.jpg", max_pixels=64_000_000, max_side_px=16_383)
            ends["let in"] += 1
        except RejectedUpload as exc:
            ends[exc.code] += 1

    assert ends["let in"] > 100
    assert ends["unreadable_image"] > 100


@pytest.mark.skipif(os.name == "nt", reason="limits are Unix's")
def test_mutated_files_neither_crash_nor_hang(tmp_path):
    ends = fuzz(3, 7, tmp_path)

    assert ends["developed"] + ends["failed"] >= 5
