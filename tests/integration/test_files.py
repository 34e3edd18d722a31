"""The files of images over HTTP: addresses, caching, conditions, ranges. RFC 9110, 13 and 14."""

from __future__ import annotations

import uuid

import httpx
import pytest
from django.core.files.storage import default_storage

from media_app import renditions
from media_app.models import Original, Rendition
from media_app.views import pieces
from tests.asgi_client import AsgiClient
from tests.integration.api_calls import problem_of, upload

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


@pytest.fixture
def image(api: AsgiClient, jpeg: bytes) -> dict:
    """A ready image of Ansel's."""
    asset_id = upload(api, jpeg, name="dunes.jpg").json()["id"]
    renditions.make_all(uuid.UUID(asset_id))
    return api.get(f"/api/images/{asset_id}").json()


@pytest.fixture
def small(image: dict) -> str:
    """The address of its small WebP."""
    return next(made["url"] for made in image["renditions"] if made["format"] == "webp")


def part(api: AsgiClient, image: dict, asked: str, **headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.get(image["original_url"], headers={"Range": asked} | told)


def test_a_rendition_is_kept_for_ever_and_by_the_browser_alone(api, small):
    served = api.get(small)

    assert served.status_code == 200
    assert served.headers["Content-Type"] == "image/webp"
    assert served.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert served.headers["ETag"] == f'"{small.rpartition("/")[2]}"'


def test_a_file_can_neither_run_nor_load_nor_pass_for_another_type(api, image, small):
    for path in (small, image["original_url"]):
        headers = api.get(path).headers

        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_an_original_is_saved_and_not_shown_and_asked_for_each_time(api, image, jpeg):
    served = api.get(image["original_url"])

    digest = Original.objects.get().digest
    assert served.content == jpeg
    assert served.headers["Content-Type"] == "application/octet-stream"
    assert served.headers["Content-Disposition"] == 'attachment; filename="dunes.jpg"'
    assert served.headers["Cache-Control"] == "private, no-cache"
    assert (served.headers["ETag"], served.headers["Accept-Ranges"]) == (f'"{digest}"', "bytes")


@pytest.mark.parametrize("known", ["{etag}", "W/{etag}", '"a", {etag} , W/"b"', "*"])
def test_what_the_browser_has_is_not_sent_again(api, small, known):
    etag = api.get(small).headers["ETag"]

    served = api.get(small, headers={"If-None-Match": known.format(etag=etag)})

    assert (served.status_code, served.content) == (304, b"")
    assert served.headers["ETag"] == etag
    assert served.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert not {"Content-Length", "Content-Type"} & {name.title() for name in served.headers}


@pytest.mark.parametrize("known", ['"another"', "nonsense", ""])
def test_what_the_browser_has_not_is_sent(api, small, known):
    assert api.get(small, headers={"If-None-Match": known}).status_code == 200


@pytest.mark.parametrize(
    ("expected", "status"),
    [("{etag}", 200), ("*", 200), ('"a", {etag}', 200), ("W/{etag}", 412), ('"another"', 412)],
)
def test_if_match_is_compared_strongly(api, small, expected, status):
    etag = api.get(small).headers["ETag"]

    served = api.get(small, headers={"If-Match": expected.format(etag=etag)})

    assert served.status_code == status


def test_head_tells_the_same_and_sends_nothing(api, image, small):
    for path in (small, image["original_url"]):
        whole = api.get(path)

        head = api.request("HEAD", path, headers={"Range": "bytes=0-9"})

        assert (head.status_code, head.content) == (200, b"")
        assert dict(head.headers) == dict(whole.headers)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
    ],
)
def test_a_part_of_an_original_is_sent(api, image, jpeg, asked, found):
    served = part(api, image, asked)

    expected = jpeg[found]
    first = jpeg.index(expected)
    assert (served.status_code, served.content) == (206, expected)
    assert served.headers["Content-Length"] == str(len(expected))
    assert served.headers["Content-Range"] == (
        f"bytes {first}-{first + len(expected) - 1}/{len(jpeg)}"
    )


def test_a_range_behind_the_end_is_told_how_long_the_file_is(api, image, jpeg):
    served = part(api, image, f"bytes={len(jpeg)}-")

    assert problem_of(served)[:2] == (416, "range_not_satisfiable")
    assert served.headers["Content-Range"] == f"bytes */{len(jpeg)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=9-1"])
def test_several_ranges_and_nonsense_are_answered_with_the_whole(api, image, jpeg, asked):
    served = part(api, image, asked)

    assert (served.status_code, served.content) == (200, jpeg)


def test_a_download_goes_on_only_where_the_file_is_the_same(api, image):
    etag = api.get(image["original_url"]).headers["ETag"]

    same = part(api, image, "bytes=0-9", If_Range=etag)
    weak = part(api, image, "bytes=0-9", If_Range=f"W/{etag}")
    other = part(api, image, "bytes=0-9", If_Range='"another"')
    dated = part(api, image, "bytes=0-9", If_Range="Sat, 21 Nov 2026 19:00:00 GMT")
    known = part(api, image, "bytes=0-9", If_None_Match=etag)

    answers = (same, weak, other, dated, known)
    assert [answer.status_code for answer in answers] == [206, 200, 200, 200, 304]


def test_a_large_file_and_a_large_part_are_sent_whole_in_pieces(api, image, jpeg, monkeypatch):
    monkeypatch.setattr("media_app.views.file_answers.PIECE_BYTES", 1000)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1000)

    whole = api.get(image["original_url"])
    rest = part(api, image, "bytes=1500-")

    assert (whole.status_code, whole.content) == (200, jpeg)
    assert (rest.status_code, rest.content) == (206, jpeg[1500:])


def test_the_address_without_a_recipe_leads_to_the_newest(api, image):
    for made in image["renditions"]:
        path = f"/images/{image['id']}/{made['preset']}.{made['format']}"

        answer = api.get(path)

        assert (answer.status_code, answer.headers["Location"]) == (302, made["url"])
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_address_of_an_old_recipe_leads_to_the_newest(api, image, small):
    old = f"/images/{image['id']}/small-0123456789ab.webp"

    assert api.get(old).headers["Location"] == small


@pytest.mark.parametrize("name", ["small.png", "tiny.webp", "small-0123456789ab.png", "x-y.webp"])
def test_a_rendition_that_was_never_made_is_not_there(api, image, name):
    assert problem_of(api.get(f"/images/{image['id']}/{name}"))[:2] == (404, "not_found")


def test_a_file_that_is_missing_is_not_found_in_words_and_logged(api, image, small, caplog):
    for name in (Rendition.objects.order_by("width")[0].name, Original.objects.get().name):
        default_storage.delete(name)

    answers = [api.get(small), api.get(image["original_url"]), api.request("HEAD", small)]

    assert {answer.status_code for answer in answers} == {404}
    assert problem_of(answers[0])[1:] == (
        "file_missing",
        "This file is missing. That is our fault: please tell us, and upload it again.",
    )
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert sum("The storage has no" in line for line in caplog.messages) == 3


def test_files_are_read_only(api, small):
    refused = api.put(small)

    assert problem_of(refused)[:2] == (405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD"
