"""What is refused by a request's head, before its body is read."""

from __future__ import annotations

import json

import pytest
from django.conf import settings as project_settings

from asgi import application
from media_app.models import ApiToken, User

pytestmark = pytest.mark.usefixtures("valkey", "transactional_db")


async def answer_to(
    *headers: tuple[str, str], path: str = "/api/images", chunks: int = 0, chunk: bytes = b""
) -> tuple[int, dict[str, object], int]:
    """Send a head and `chunks` of body; return status, problem and how many chunks were taken."""
    taken = 0

    async def receive():
        nonlocal taken
        assert taken < chunks, "more of the body was asked for than there is"
        taken += 1
        return {"type": "http.request", "body": chunk, "more_body": True}

    sent: list[dict[str, object]] = []

    async def send(event):
        sent.append(event)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")] + [(k.encode(), v.encode()) for k, v in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await application(scope, receive, send)
    return int(str(sent[0]["status"])), json.loads(bytes(sent[1]["body"])), taken  # type: ignore


@pytest.fixture
def bearer() -> tuple[str, str]:
    user = User.objects.create_user("ansel@example.com")
    return ("authorization", f"Bearer {ApiToken.issue(user)}")


async def test_a_content_length_over_the_limit_is_refused_unread(bearer):
    length = ("content-length", str(project_settings.UPLOAD_MAX_BYTES + 100_000))

    status, problem, taken = await answer_to(bearer, length)

    assert (status, problem["code"], taken) == (413, "too_large", 0)
    assert problem["detail"] == "The file is larger than 25 MB. Send a smaller one."


async def test_a_body_that_grows_over_the_limit_is_cut_off(bearer, settings):
    settings.UPLOAD_MAX_BYTES = 200_000

    status, problem, taken = await answer_to(bearer, chunks=100, chunk=b"x" * 50_000)

    assert (status, problem["code"]) == (413, "too_large")
    assert taken == 5


async def test_without_a_login_the_body_is_not_read():
    status, problem, taken = await answer_to(("content-length", "1000"))

    assert (status, problem["code"], taken) == (401, "not_logged_in", 0)


async def test_with_a_bad_token_the_body_is_not_read():
    status, problem, taken = await answer_to(("authorization", "Bearer no"))

    assert (status, problem["code"], taken) == (401, "bad_token", 0)


async def test_no_other_address_takes_a_large_body():
    status, _, taken = await answer_to(
        ("content-length", "1500000"), path="/accounts/log-in/", chunks=0
    )

    assert (status, taken) == (413, 0)
