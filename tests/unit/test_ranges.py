"""Ranges of bytes: what is sent of a file, after the examples of RFC 9110, section 14."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_app.views.ranges import NotSatisfiable, asked_for, content_range


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-499", range(500)),
        ("bytes=500-999", range(500, 1000)),
        ("bytes=9500-", range(9500, 10_000)),
        ("bytes=-500", range(9500, 10_000)),
        ("bytes=0-0", range(1)),
        ("bytes=0-", range(10_000)),
        ("bytes=9999-20000", range(9999, 10_000)),
        ("bytes=-20000", range(10_000)),
        ("Bytes= 7-9 ", range(7, 10)),
    ],
)
def test_one_range_is_found_and_cut_to_the_file(header, found):
    assert asked_for(header, 10_000) == found


@pytest.mark.parametrize("header", ["bytes=10000-", "bytes=10000-10001", "bytes=-0"])
def test_a_range_behind_the_end_or_of_nothing_cannot_be_satisfied(header):
    with pytest.raises(NotSatisfiable):
        asked_for(header, 10_000)


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "lines=0-4", "bytes=0-4,6-9",
     "bytes=+1-2", "bytes=1.0-2", "bytes=\u0660-\u0664", f"bytes=0-{'9' * 5000}"],
)  # fmt: skip
def test_several_ranges_other_units_and_nonsense_mean_the_whole(header):
    assert asked_for(header, 10_000) is None


@given(st.integers(0, 50), st.integers(0, 60) | st.none(), st.integers(0, 60) | st.none())
def test_what_is_sent_always_lies_in_the_file(size_bytes, first, last):
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"

    try:
        found = asked_for(header, size_bytes)
    except NotSatisfiable:
        return

    if found is not None:
        assert 0 <= found.start < found.stop <= size_bytes
        assert content_range(found, size_bytes).endswith(f"/{size_bytes}")
