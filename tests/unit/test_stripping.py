"""Originals without their metadata: the same pixels, nothing else of what a camera wrote."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image

from media_app.exceptions import UnreadableSource
from media_app.imaging import Order, develop, stripped
from media_app.presets import Stage
from tests import heic, pictures
from tests.odd_files import DEVELOPED, odd_files

#: A colour profile stays, and its mark with it; the bare mark of EXIF stays with an orientation.
SECRETS = [each for each in pictures.SECRETS if each not in (b"acsp", b"Exif\0")]
ORDER = Order(table=(("all", 16_383, "webp"),), stages=(Stage.FIRST,))

WITH = {name: pictures.with_metadata(name) for name in ("JPEG", "PNG", "WEBP", "AVIF")}
WITH["HEIC"] = heic.turned()


def text_png() -> bytes:
    whole = pictures.small("PNG")
    text = pictures.png_chunk(b"tEXt", b"Comment\0secret comment")
    return whole[:33] + text + whole[33:] + b"secret place"


def commented_gif() -> bytes:
    return pictures.saved(pictures.marked(), "GIF", comment=b"secret comment")


def pixels(data: bytes) -> bytes:
    [made] = develop(data, ORDER).renditions
    return made.data


@pytest.mark.parametrize("data", [*WITH.values(), text_png(), commented_gif(), pictures.mpo()])
def test_secrets_go_and_pixels_stay(data):
    bare = stripped(data)

    assert [secret for secret in SECRETS if secret in bare] == []
    assert pixels(bare) == pixels(data)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_up_stays_up(orientation, file_format):
    data = pictures.oriented(orientation, file_format)

    assert pixels(stripped(data)) == pixels(data)


def test_what_follows_the_picture_goes():
    assert b"script" not in stripped(pictures.polyglot())
    assert stripped(pictures.small() + b"PK\3\4 zip") == stripped(pictures.small())


@pytest.mark.parametrize("file_format", ["GIF", "WEBP"])
def test_an_animation_still_moves(file_format):
    data = pictures.animated(file_format)

    before, after = Image.open(BytesIO(data)), Image.open(BytesIO(stripped(data)))

    assert (after.n_frames, after.info.get("loop")) == (2, before.info.get("loop"))


def test_stripping_twice_changes_nothing():
    for data in WITH.values():
        assert stripped(stripped(data)) == stripped(data)


@pytest.mark.parametrize("part", range(1, 10))
@pytest.mark.parametrize("name", WITH)
def test_a_cut_file_is_given_up_in_words_or_stays_cut(name, part):
    cut = WITH[name][: len(WITH[name]) * part // 10]

    bare = b""
    with suppress(UnreadableSource):
        bare = stripped(cut)

    assert len(bare) <= len(cut) + 40


def test_odd_files_that_are_developed_look_the_same_stripped():
    kinds = ("metadata", "colour", "polyglot", "orientation")
    odd = [o for o in odd_files() if o.ends == DEVELOPED and o.name.startswith(kinds)]

    different = [o.name for o in odd if pixels(stripped(o.data)) != pixels(o.data)]

    assert len(odd) > 25
    assert different == []
