"""The main job on the real thing: servers, workers, SMTP, kills and outages."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from tests import pictures
from tests.acceptance.harness import Stack
from tests.timing import in_time
from tests.waiting import eventually


@pytest.fixture
def address() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.com"


@pytest.fixture
def api(stack: Stack, address: str) -> httpx.Client:
    return stack.api(address)


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return pictures.photo(1800, 1200)


@pytest.fixture(scope="module")
def large_jpeg() -> bytes:
    return pictures.photo(4000, 3000)


def upload(client: httpx.Client, content: bytes, name: str = "photo.jpg") -> dict[str, Any]:
    response = client.post("/api/images", files={"file": (name, content)})
    assert response.status_code == 202, response.text
    return response.json()


def test_an_upload_becomes_ready_by_itself(stack: Stack, api: httpx.Client, jpeg: bytes):
    image = upload(api, jpeg)
    assert image["state"] == "developing"

    ready = stack.wait_until_image(api, image["id"], "ready")
    eventually(lambda: api.get(image["url"]).json()["complete"], within=30, what="it is complete")

    shown = {(r["preset"], r["format"]): r["width"] for r in ready["renditions"]}
    assert (
        shown.items()
        >= {
            ("small", "webp"): 320,
            ("medium", "webp"): 800,
            ("medium", "jpeg"): 800,
            ("large", "webp"): 1600,
        }.items()
    )
    ready = api.get(image["url"]).json()
    crops = [r["width"] for r in ready["renditions"] if r["crop"]]
    avif = [r["width"] for r in ready["renditions"] if r["format"] == "avif"]
    assert (avif, crops, len(ready["renditions"])) == ([320, 800, 1600], [800, 1600], 9)
    for rendition in ready["renditions"]:
        assert len(api.get(rendition["url"]).content) == rendition["bytes"]


def test_the_answer_to_an_upload_comes_before_its_development_begins(
    stack: Stack, api: httpx.Client, jpeg: bytes
):
    for worker in ("worker-1", "worker-2"):
        stack.kill(worker, number=signal.SIGSTOP)
    try:
        image = upload(api, jpeg)
        assert api.get(image["url"]).json()["state"] == "developing"
    finally:
        for worker in ("worker-1", "worker-2"):
            stack.kill(worker, number=signal.SIGCONT)

    stack.wait_until_image(api, image["id"], "ready")


def test_an_async_client_is_answered_before_its_development_begins(
    stack: Stack, address: str, jpeg: bytes
):
    token = stack.token(address)

    async def upload_all() -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=stack.url, headers=headers, timeout=30) as client:
            files = [{"file": (f"{n}.jpg", jpeg)} for n in range(4)]
            answers = await asyncio.gather(
                *(client.post("/api/images", files=file) for file in files)
            )
            return [answer.json() for answer in answers]

    images = asyncio.run(upload_all())

    assert {image["state"] for image in images} == {"developing"}
    client = stack.client()
    client.headers["Authorization"] = f"Bearer {token}"
    for image in images:
        stack.wait_until_image(client, image["id"], "ready")


def test_who_signs_up_gets_a_welcome_mail_with_text_and_html(stack, mailbox, address):
    client = stack.sign_up(address)

    mail = mailbox.wait_for(to=address)
    assert client.get("/").status_code == 200
    assert "Welcome" in mail["Subject"]
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}


def test_a_sign_up_that_is_rolled_back_sends_nothing(stack, mailbox):
    doomed, kept = (f"{uuid.uuid4().hex[:12]}@example.com" for _ in range(2))
    code = (
        "from django.db import transaction\n"
        "from media_app.models import User\n"
        "with transaction.atomic():\n"
        f"    User.objects.create_user('{doomed}')\n"
        "    transaction.set_rollback(True)\n"
        f"User.objects.create_user('{kept}')\n"
    )

    assert stack.manage("shell", "-c", code).returncode == 0

    # The mails of one queue leave in order: when this one has come, the other would have.
    mailbox.wait_for(to=kept)
    assert not mailbox.sent_to(doomed)


def test_a_new_password_is_had_by_mail(stack, mailbox, address):
    stack.sign_up(address)
    client = stack.client()
    client.get("/accounts/password-reset/")
    form = {"email": address, "csrfmiddlewaretoken": client.cookies["csrftoken"]}

    client.post("/accounts/password-reset/", data=form)

    mailbox.wait_for(to=address, count=2)
    texts = [mail.get_body(("plain",)).get_content() for mail in mailbox.sent_to(address)]
    words = " ".join(texts).split()
    link = next(word for word in words if "/accounts/password-reset/" in word)
    assert client.get(link, follow_redirects=True).status_code == 200


def test_images_of_a_killed_worker_become_ready(stack, api, large_jpeg):
    images = [upload(api, large_jpeg + bytes([n])) for n in range(6)]
    eventually(lambda: _is_working(stack), within=20, what="a worker develops")

    killed = stack.kill("worker-1"), stack.kill("worker-2")

    for name, pid in zip(("worker-1", "worker-2"), killed, strict=True):
        stack.wait_for_successor(name, of=pid)
    for image in images:
        stack.wait_until_image(api, image["id"], "ready", within=60)


def test_uploads_during_an_outage_of_redis_develop_when_it_is_back(stack, api, jpeg):
    stack.stop_redis()
    try:
        begun = time.monotonic()
        images = [upload(api, jpeg + bytes([n])) for n in range(3)]
        took_s = time.monotonic() - begun
        assert api.get(images[0]["url"]).json()["state"] == "developing"
    finally:
        stack.start_redis()

    for image in images:
        stack.wait_until_image(api, image["id"], "ready", within=60)
    in_time(took_s, 6)


def test_a_damaged_picture_fails_with_its_reason_and_is_never_ready(stack, api, jpeg):
    response = api.post("/api/images", files={"file": ("cut.jpg", jpeg[: len(jpeg) // 2])})

    if response.status_code == 202:
        failed = stack.wait_until_image(api, response.json()["id"], "failed")
        assert "damaged or cut off" in failed["reason"]
    else:
        assert (response.status_code, response.json()["code"]) == (422, "unreadable_image")


def test_retry_brings_a_failed_image_to_ready(stack, api, jpeg):
    content = jpeg + uuid.uuid4().bytes
    for worker in ("worker-1", "worker-2"):
        stack.kill(worker, number=signal.SIGSTOP)
    try:
        image = upload(api, content)
        original = _original_of(stack, content)
        whole = original.read_bytes()
        original.write_bytes(whole[: len(whole) // 2])
    finally:
        for worker in ("worker-1", "worker-2"):
            stack.kill(worker, number=signal.SIGCONT)
    failed = stack.wait_until_image(api, image["id"], "failed")
    assert "damaged or cut off" in failed["reason"]
    original.write_bytes(whole)

    shown = stack.manage("retry", "--actor", "make_preview", "--since", "1h", "--dry-run")
    sent = stack.manage("retry", "--actor", "make_preview", "--since", "1h")

    assert "UnreadableSource" in shown.stdout
    assert "sent again, 0 failed" in sent.stdout, sent.stderr
    assert sent.returncode == 0
    eventually(
        lambda: api.get(image["url"]).json()["state"] == "ready", within=30, what="it is ready"
    )


def test_a_failed_image_is_tried_again_by_its_owner(stack, api, jpeg):
    content = jpeg + uuid.uuid4().bytes
    image = upload(api, content)
    stack.wait_until_image(api, image["id"], "ready")
    marking = (
        "from media_app.models import Asset, Rendition\n"
        f"Rendition.objects.filter(asset='{image['id']}').delete()\n"
        f"Asset.objects.filter(pk='{image['id']}').update(state='failed', complete=False)"
    )
    assert stack.manage("shell", "-c", marking).returncode == 0

    begun = api.post(f"{image['url']}/retry")

    assert (begun.status_code, begun.json()["state"]) == (202, "developing")
    stack.wait_until_image(api, image["id"], "ready")


def test_the_stream_tells_of_each_change(stack, api, jpeg):
    told: list[dict[str, Any]] = []
    open_stream = threading.Event()

    def listen() -> None:
        with api.stream("GET", "/api/events") as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            for line in stream.iter_lines():
                open_stream.set()
                if line.startswith("data: {") and len(line) > len("data: {}"):
                    told.append(json.loads(line.removeprefix("data: ")))
                    if told[-1].get("complete"):
                        return

    listening = threading.Thread(target=listen)
    listening.start()
    assert open_stream.wait(10)
    image = upload(api, jpeg + uuid.uuid4().bytes)
    listening.join(30)

    assert {each["id"] for each in told} == {image["id"]}
    stages = dict.fromkeys((each["state"], len(each["renditions"])) for each in told)
    assert list(stages) == [("developing", 1), ("ready", 6), ("ready", 9)]


def test_create_token_prints_the_token_alone(stack, address):
    made = stack.manage("create_token", address, "--create")
    again = stack.manage("create_token", address)
    unknown = stack.manage("create_token", f"x{address}")

    client = stack.client()
    client.headers["Authorization"] = f"Bearer {made.stdout.strip()}"
    assert len(made.stdout.splitlines()) == 1
    assert client.get("/api/images").status_code == 200
    assert again.stdout != made.stdout
    assert unknown.returncode == 1
    assert "Add --create to make one." in unknown.stderr


def _is_working(stack: Stack) -> bool:
    with redis.Redis.from_url(stack.redis_url) as client:
        keys = list(client.scan_iter("dramatiq:__held__:*"))
        return any(mark.endswith(b":renditions") for key in keys for mark in client.hvals(key))


def _original_of(stack: Stack, content: bytes) -> Path:
    digest = hashlib.sha256(content).hexdigest()
    return stack.data_dir / "media" / "originals" / digest[:2] / digest
