"""The gallery as the server sends it, the plain upload, and the pages for what went wrong."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from media_app.models import Asset, Original, Rendition, User
from tests import pictures
from tests.integration.test_accounts import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def ansel() -> User:
    return User.objects.create_user("ansel@example.org", "moonrise over hernandez")


@pytest.fixture
def gallery(client: Client, ansel: User) -> Client:
    client.force_login(ansel)
    return client


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def hang(owner: User, name: str, state: str = "ready", reason: str = "") -> Asset:
    """Put a picture into a gallery without developing it."""
    original = Original.objects.create(digest=uuid.uuid4().hex, format="jpeg", size_bytes=1)
    asset = Asset.objects.create(
        owner=owner, original=original, file_name=name, width=1200, height=800, state=state,
        reason=reason, created_at=timezone.now(),
    )  # fmt: skip
    for image_format in ("webp", "jpeg") if state == "ready" else ():
        for width in (320, 800):
            Rendition.objects.create(
                asset=asset, preset=f"w{width}", format=image_format, width=width,
                height=width * 2 // 3, size_bytes=1,
                name=f"{original.digest}/w{width}-0123456789ab.{image_format}",
            )  # fmt: skip
    return asset


def send(client: Client, **files: bytes):
    uploads = [SimpleUploadedFile(name, content) for name, content in files.items()]
    return client.post("/upload", {"files": uploads}, follow=True)


def test_a_stranger_learns_what_this_is(client: Client):
    response = client.get("/")

    assert "They develop while you go on." in words(response)
    assert 'href="/accounts/sign-up/"' in response.content.decode()


def test_an_empty_gallery_says_how_to_begin(gallery: Client):
    assert "Choose some photos, or drop them here." in words(gallery.get("/"))


def test_a_ready_picture_comes_in_every_width_and_without_layout_shift(gallery, ansel):
    asset = hang(ansel, "dunes.jpg")

    page = gallery.get("/").content.decode()

    at, recipe = f"/images/{asset.pk}", "0123456789ab"
    assert f'srcset="{at}/w320-{recipe}.webp 320w, {at}/w800-{recipe}.webp 800w"' in page
    assert f'src="{at}/w800-{recipe}.jpeg"' in page
    assert 'width="800" height="533" alt="dunes.jpg" loading="lazy"' in page


def test_a_failed_picture_says_why(gallery: Client, ansel: User):
    hang(ansel, "torn.jpg", "failed", "The picture is cut off.")

    assert "Failed: The picture is cut off." in words(gallery.get("/"))


def test_nobody_sees_the_pictures_of_others(gallery: Client):
    hang(User.objects.create_user("imogen@example.org", "x"), "secret.jpg")

    assert "secret.jpg" not in gallery.get("/").content.decode()


def test_a_file_name_is_never_markup(gallery: Client, ansel: User):
    hang(ansel, '"><script>alert(1)</script>')

    assert "<script>alert" not in gallery.get("/").content.decode()


def test_older_pictures_are_one_link_away(gallery: Client, ansel: User):
    names = [f"frame-{number:02}.jpg" for number in range(25)]
    for name in names:
        hang(ansel, name)

    newest = gallery.get("/")
    older = gallery.get("/", {"cursor": newest.context["next_cursor"]})

    assert [card["file_name"] for card in newest.context["cards"]] == names[:0:-1]
    assert [card["file_name"] for card in older.context["cards"]] == names[:1]
    assert "?cursor=" in newest.content.decode()


def test_a_broken_cursor_leads_to_the_newest(gallery: Client):
    assert gallery.get("/?cursor=nonsense").headers["Location"] == "/"


def test_pages_carry_no_inline_code(gallery: Client, ansel: User):
    hang(ansel, "dunes.jpg")

    page = gallery.get("/").content.decode()

    assert " style=" not in page
    assert " on" + "click=" not in page
    assert page.count("<script") == page.count('<script type="module" src=')


def test_plain_upload_tells_of_each_file_what_became_of_it(gallery: Client):
    response = send(gallery, **{"a.jpg": pictures.small(), "b.html": pictures.html()})

    assert "1 picture accepted and developing." in words(response)
    assert "Not accepted: b.html. b.html is not an image we can develop." in words(response)
    assert Asset.objects.get().batch is not None


def test_plain_upload_without_a_file_is_told(gallery: Client):
    assert "No file was chosen." in words(send(gallery))


def test_plain_upload_of_a_stranger_leads_to_log_in(client: Client):
    response = send(client, **{"a.jpg": pictures.small()})

    assert response.redirect_chain == [("/accounts/log-in/?next=%2F", 302)]
    assert not Asset.objects.exists()


def test_plain_delete_asks_first(gallery: Client, ansel: User):
    path = f"/pictures/{hang(ansel, 'dunes.jpg').pk}/delete"

    question = gallery.get(path)
    answer = gallery.post(path, follow=True)

    assert "Delete this picture?" in words(question)
    assert "dunes.jpg is deleted." in words(answer)
    assert not Asset.objects.exists()


def test_nobody_deletes_or_retries_the_pictures_of_others(gallery: Client):
    other = User.objects.create_user("imogen@example.org", "x")
    asset = hang(other, "torn.jpg", "failed", "Cut off.")

    deletion = gallery.post(f"/pictures/{asset.pk}/delete")
    gallery.post(f"/pictures/{asset.pk}/retry")

    asset.refresh_from_db()
    assert deletion.status_code == 404
    assert asset.state == "failed"


def test_plain_retry_develops_a_failed_picture_again(gallery: Client, ansel: User):
    asset = hang(ansel, "torn.jpg", "failed", "Cut off.")

    response = gallery.post(f"/pictures/{asset.pk}/retry", follow=True)

    asset.refresh_from_db()
    assert asset.state == "developing"
    assert "The picture is developing again." in words(response)


def test_an_unknown_address_has_words_and_a_way_on(client: Client):
    response = client.get("/nothing")

    assert response.status_code == 404
    assert "There is nothing here" in words(response)
    assert 'href="/"' in response.content.decode()


def test_a_broken_view_answers_with_words(client: Client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("media_app.views.pages.page", None)

    response = client.get("/")

    assert response.status_code == 500
    assert "Pictures that were accepted are safe." in words(response)
