"""Big pictures: which they are, and how many at a time."""

from __future__ import annotations

from io import BytesIO
from threading import Event, Thread

import pytest

from media_app.exceptions import NoRoom, TooManyPixels
from media_app.imaging import Gate, inspect, memory_needed
from tests import heic, pictures

BIG, SMALL = 500_000_000, 90_000_000


def entered(gate: Gate, memory_bytes: int) -> tuple[Event, Event]:
    """A thread that goes through: what it sets when it is in, and what lets it out."""
    inside, leave = Event(), Event()

    def pass_through() -> None:
        with gate.held(memory_bytes):
            inside.set()
            leave.wait(20)

    Thread(target=pass_through, daemon=True).start()
    return inside, leave


@pytest.mark.parametrize("at_once", [1, 2])
def test_so_many_big_pictures_pass_and_the_next_waits_for_one_to_leave(tmp_path, at_once):
    before = [entered(Gate(tmp_path, at_once=at_once), BIG) for _ in range(at_once)]
    assert all(inside.wait(10) for inside, _ in before)

    inside, leave = entered(Gate(tmp_path, at_once=at_once), BIG)

    assert not inside.wait(0.3)
    for _, leave_before in before:
        leave_before.set()
    assert inside.wait(10)
    leave.set()


def test_one_that_finds_no_room_for_long_makes_way_for_what_is_small(tmp_path):
    held, leave = entered(Gate(tmp_path, at_once=1), BIG)
    assert held.wait(10)

    with pytest.raises(NoRoom), Gate(tmp_path, at_once=1, patience_s=0.1).held(BIG):
        pass

    leave.set()


def test_small_pictures_pass_by(tmp_path):
    held, leave = entered(Gate(tmp_path, at_once=1), BIG)
    assert held.wait(10)

    with Gate(tmp_path, at_once=1).held(SMALL):
        pass

    leave.set()


@pytest.mark.parametrize(
    ("data", "each"),
    [
        (pictures.photo(900, 700), 4),
        (pictures.photo(5200, 20), 1),
        (pictures.photo(900, 700, progressive=True), 7),
        (pictures.small("PNG", 900, 700), 6),
        (pictures.small("WEBP", 900, 700), 12),
        (pictures.small("AVIF", 900, 700), 8),
        (pictures.small("GIF", 900, 700), 3),
        (heic.plain(), 8),
        (pictures.html(), 0),
        (pictures.small()[:30], 0),
    ],
)
def test_memory_is_estimated_by_the_header(data, each):
    file = BytesIO(data)
    file.seek(7)

    needed = memory_needed(file)

    size = (60 * 40) if data == heic.plain() else 5200 * 20 if each == 1 else 900 * 700
    assert needed == 100_000_000 + each * size
    assert file.tell() == 7


def test_what_memory_has_no_room_for_is_refused_by_its_pixels():
    limits = {"max_pixels": 64_000_000, "max_side_px": 16_383}
    data = BytesIO(pictures.small("WEBP", 1000, 1000))

    inspect(data, file_name="a", memory_bytes=112_000_000, **limits)
    with pytest.raises(TooManyPixels, match=r"At most 0\.9 megapixels"):
        inspect(data, file_name="a", memory_bytes=111_999_990, **limits)


def test_how_a_jpeg_was_saved_decides_how_large_it_may_be():
    limits = {"max_pixels": 64_000_000, "max_side_px": 16_383, "memory_bytes": 101_000_000}
    plain, progressive = (pictures.photo(500, 400, progressive=each) for each in (False, True))

    inspect(BytesIO(plain), file_name="a", **limits)
    with pytest.raises(TooManyPixels, match=r"At most 0\.1 megapixels"):
        inspect(BytesIO(progressive), file_name="a", **limits)
