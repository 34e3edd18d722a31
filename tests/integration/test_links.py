"""Links: what opens one file without a login, for a while; and what all else is answered."""

from __future__ import annotations

import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as project_settings
from django.test import Client

from media_app import addresses, renditions
from media_app.models import Rendition, User
from tests.asgi_client import AsgiClient
from tests.integration.api_calls import problem_of, upload

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


@pytest.fixture
def image(api: AsgiClient, jpeg: bytes) -> dict:
    """A ready image of Ansel's."""
    asset_id = upload(api, jpeg).json()["id"]
    renditions.make_all(uuid.UUID(asset_id))
    return api.get(f"/api/images/{asset_id}").json()


@pytest.fixture
def anybody() -> AsgiClient:
    return AsgiClient()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(addresses.time, "time", lambda: clock.now)
    return clock


class Clock:
    now = 1_800_000_000.5


def relative(url: str) -> str:
    assert url.startswith(project_settings.BASE_URL)
    return url.removeprefix(project_settings.BASE_URL)


def link_to(path: str, **options: object) -> str:
    return relative(addresses.signed_url(path, **options))


def test_a_link_opens_its_file_for_anybody(api, anybody, image, jpeg):
    shown = image["renditions"][0]

    original = anybody.get(link_to(image["original_url"]))
    rendition = anybody.get(link_to(shown["url"]))

    assert (original.status_code, original.content) == (200, jpeg)
    assert rendition.content == api.get(shown["url"]).content
    for served in (original, rendition):
        assert served.headers["Referrer-Policy"] == "no-referrer"
        assert served.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert served.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "Vary" not in served.headers
        assert "Set-Cookie" not in served.headers


def test_a_link_opens_one_file_only(anybody, image):
    query = urlsplit(link_to(image["renditions"][0]["url"])).query
    others = [image["original_url"], image["url"], *(r["url"] for r in image["renditions"][1:])]

    answers = [anybody.get(f"{other}?{query}") for other in others]

    assert {answer.status_code for answer in answers} == {404, 401}
    assert problem_of(answers[1])[:2] == (401, "not_logged_in")  # the API knows no links
    assert [answer.status_code for answer in answers].count(401) == 1


def test_a_link_closes_when_its_time_is_over(anybody, image, clock):
    link = link_to(image["original_url"], life=timedelta(minutes=1))

    clock.now += 59
    before = anybody.get(link)
    clock.now += 1
    after = anybody.get(link)

    assert before.status_code == 200
    assert problem_of(after)[:2] == (404, "not_found")


def test_a_link_without_a_told_life_opens_for_that_of_the_settings(image, clock, settings):
    settings.SIGNED_URL_LIFE_S = 3600.0

    query = parse_qs(urlsplit(link_to(image["original_url"])).query)

    assert query["expires"] == [str(1_800_000_000 + 3600)]


def test_a_links_file_is_kept_no_longer_than_the_link_opens(anybody, image, clock):
    link = link_to(image["renditions"][0]["url"], life=timedelta(hours=1))

    clock.now += 600

    assert anybody.get(link).headers["Cache-Control"] == "private, max-age=3000, immutable"


def test_a_forged_link_is_answered_as_if_there_was_nothing(anybody, image, ansel):
    there = link_to(image["original_url"])
    expires, signature = (parse_qs(urlsplit(there).query)[k][0] for k in ("expires", "signature"))
    nowhere = link_to(f"/images/{uuid.uuid4()}/original")
    at = image["original_url"]
    forged = [
        nowhere,
        f"{at}?expires={int(expires) + 1}&signature={signature}",
        f"{at}?expires={expires}&signature={signature[:-1]}",
        f"{at}?expires={expires}&signature=",
        f"{at}?expires=&signature={signature}",
        f"{at}?signature={signature}",
        f"{at}?expires={expires}%20{signature}&signature={signature}",
        f"{at}?expires=x&signature=%00%ff",
        f"{at}?expires=9999999999&signature=a&signature=b",
    ]

    answers = [anybody.get(path) for path in forged]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }
    assert anybody.get(there).status_code == 200


def test_a_person_who_opens_a_closed_link_reads_a_page(anybody, image):
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    closed = f"{image['original_url']}?expires=1&signature=x"
    nowhere = link_to(f"/images/{uuid.uuid4()}/original")

    pages = [anybody.get(path, headers={"Accept": accept}) for path in (closed, nowhere)]

    assert [page.status_code for page in pages] == [404, 404]
    assert all("There is nothing here" in page.text for page in pages)


def test_the_owner_needs_no_link_and_so_none_that_still_opens(api, stranger, image):
    closed = f"{image['original_url']}?expires=1&signature=x"

    assert api.get(closed).status_code == 200
    assert problem_of(stranger.get(closed)) == problem_of(stranger.get(image["original_url"]))


def test_a_link_of_somebody_inactive_or_to_a_deleted_image_opens_nothing(
    api, anybody, image, ansel
):
    link = link_to(image["original_url"])

    User.objects.update(is_active=False)
    inactive = anybody.get(link)
    User.objects.update(is_active=True)
    api.delete(image["url"])
    deleted = anybody.get(link)

    assert problem_of(inactive)[:2] == problem_of(deleted)[:2] == (404, "not_found")


def test_a_link_signed_before_the_secret_key_changed_opens_while_the_old_key_counts(
    anybody, image, settings
):
    link = link_to(image["original_url"])
    before = settings.SECRET_KEY

    settings.SECRET_KEY = "another"
    settings.SECRET_KEY_FALLBACKS = [before]
    counts = anybody.get(link)
    settings.SECRET_KEY_FALLBACKS = []
    forgotten = anybody.get(link)

    assert (counts.status_code, forgotten.status_code) == (200, 404)


def test_a_link_to_the_newest_rendition_leads_on_and_one_to_an_old_recipe_does_not(anybody, image):
    made = Rendition.objects.get(preset="small", format="webp")

    newest = anybody.get(link_to(addresses.newest_path(made)))
    shown = anybody.get(newest.headers["Location"])
    old = anybody.get(link_to(f"/images/{image['id']}/small-0123456789ab.webp"))

    assert newest.status_code == 302
    assert newest.headers["Referrer-Policy"] == "no-referrer"
    assert shown.status_code == 200
    assert old.status_code == 404


def test_the_owner_asks_for_links_to_all_files(api, anybody, image):
    given = api.post(f"{image['url']}/links?life=60")

    links = given.json()
    urls = [links["original_url"], *(made["url"] for made in links["renditions"])]
    assert given.headers["Cache-Control"] == "no-store"
    assert {"preset", "format", "width", "height", "bytes"} < links["renditions"][0].keys()
    assert len(urls) == 10
    assert {anybody.get(relative(url)).status_code for url in urls} == {200}


def test_nobody_else_is_given_links(stranger, anybody, image):
    assert problem_of(stranger.post(f"{image['url']}/links"))[:2] == (404, "not_found")
    assert problem_of(anybody.post(f"{image['url']}/links"))[:2] == (401, "not_logged_in")


@pytest.mark.parametrize("life", ["0", "x", "-1", "2592001", ""])
def test_a_life_that_a_link_cannot_have_is_refused(api, image, life):
    status, code, detail = problem_of(api.post(f"{image['url']}/links?life={life}"))

    assert (status, code) == (400, "bad_parameter")
    assert "expected whole seconds from 1 to 2592000" in detail


def test_a_session_sees_its_files_and_a_cache_tells_sessions_apart(ansel, image, small_path):
    browser = Client()
    browser.force_login(ansel)
    client = AsgiClient(cookies={"sessionid": browser.cookies["sessionid"].value})

    served = client.get(small_path)

    assert served.status_code == 200
    assert "Cookie" in served.headers["Vary"]


@pytest.fixture
def small_path(image: dict) -> str:
    return image["renditions"][0]["url"]
