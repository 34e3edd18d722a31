"""The words, statuses and codes that people and programs are told."""

from __future__ import annotations

import pytest

from media_app import exceptions as e

REFUSALS = [
    (e.NoFile(), 400, "no_file", "No file came with the request."),
    (e.EmptyFile(file_name="a.jpg"), 400, "empty_file", "a.jpg is empty (0 bytes)."),
    (e.FileTooLarge(limit_bytes=25_000_000), 413, "too_large", "The file is larger than 25 MB."),
    (
        e.UnsupportedType(file_name="a.svg"),
        415,
        "unsupported_type",
        "a.svg is not an image we can develop. Send JPEG, PNG, WebP, AVIF, HEIC or GIF.",
    ),
    (
        e.TooManyPixels(width=50_000, height=50_000, max_pixels=64_000_000, max_side_px=16_383),
        422,
        "too_many_pixels",
        "The image is 50,000 x 50,000 pixels. At most 64 megapixels and 16,383 pixels a side",
    ),
    (
        e.UnreadableImage(file_name="a.jpg"),
        422,
        "unreadable_image",
        "a.jpg is damaged or cut off and can't be read.",
    ),
]


@pytest.mark.parametrize(
    ("refusal", "status", "code", "words"), REFUSALS, ids=[case[2] for case in REFUSALS]
)
def test_refusal_says_what_was_wrong_and_what_to_do(refusal, status, code, words):
    assert (refusal.status, refusal.code) == (status, code)
    assert refusal.detail.startswith(words)
    assert "Send" in refusal.detail or "send" in refusal.detail


def test_all_refusals_are_covered():
    assert {type(case[0]) for case in REFUSALS} == set(e.RejectedUpload.__subclasses__())


def test_unreadable_source_is_permanent_and_says_what_was_found():
    failure = e.UnreadableSource(found="JPEG: the end is missing")

    assert isinstance(failure, e.PermanentFailure)
    assert str(failure) == (
        "The picture is damaged or cut off (JPEG: the end is missing). "
        "Send it again from the original."
    )


def test_a_transient_failure_is_not_permanent():
    assert not issubclass(e.TransientFailure, e.PermanentFailure)
