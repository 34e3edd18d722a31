"""Mail once, through the whole of Darkroom: real workers, killed ones too, on both databases."""

from __future__ import annotations

import json
import re
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import pictures
from tests.acceptance.harness import Run
from tests.rude_smtp import RudeServer
from tests.waiting import eventually

#: Seconds, in place of 60 and 45: a test can't wait that long.
QUIET_S, LEASE_S = 2, 3


@pytest.fixture(scope="module")
def smtp() -> Iterator[RudeServer]:
    server = RudeServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def run(database_url: str, smtp: RudeServer) -> Iterator[Run]:
    variables = {"BATCH_QUIET": str(QUIET_S), "MAIL_LEASE": str(LEASE_S)}
    with tempfile.TemporaryDirectory(prefix="dk-") as folder:
        run = Run(Path(folder), MAIL_URL=smtp.url, DATABASE_URL=database_url, **variables)
        try:
            run.start()
            run.wait_until_ready()
            yield run
        finally:
            print(run.words(lines=200))
            run.stop()


def address() -> str:
    return f"{uuid.uuid4().hex}@example.org"


def upload(client: httpx.Client, name: str, data: bytes, **query: str) -> None:
    headers = {"Content-Type": "image/jpeg"}
    query["filename"] = name
    client.post("/api/images", params=query, content=data, headers=headers).raise_for_status()


def notices_of(run: Run, person: str) -> list[list[str]]:
    code = (
        "import json; from media_app.models import Notice; "
        f"print(json.dumps(list(map(list, Notice.objects.filter(user__email={person!r})"
        ".values_list('kind', 'state', 'reason')))))"
    )
    shown = run.manage("shell", "--no-imports", "-c", code)
    assert shown.returncode == 0, shown.stderr
    found: list[list[str]] = json.loads(shown.stdout)
    return found


def about_pictures(smtp: RudeServer, person: str) -> list[str]:
    subjects = [str(mail["Subject"]) for mail in smtp.sent_to(person)]
    return [subject for subject in subjects if "picture" in subject]


def test_a_batch_makes_one_mail_that_names_what_failed(run: Run, smtp: RudeServer):
    person, batch = address(), str(uuid.uuid4())
    client = run.api(person)
    whole = pictures.photo(900, 600)

    for name, data in (("dune.jpg", whole), ("leaf.jpg", whole), ("torn.jpg", whole[:20_000])):
        upload(client, name, data, batch=batch)

    eventually(lambda: about_pictures(smtp, person), within=40, what="the mail is there")
    [mail] = [each for each in smtp.sent_to(person) if "picture" in str(each["Subject"])]
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"] == "2 pictures are ready, 1 failed"
    assert re.search(r"- torn\.jpg\s+The picture is damaged", text)


def test_uploads_without_a_batch_make_one_mail_for_each_quiet_time(run: Run, smtp: RudeServer):
    person = address()
    client, whole = run.api(person), pictures.photo(600, 400)

    for rounds in (1, 2):
        for name in ("dune.jpg", "leaf.jpg"):
            upload(client, name, whole)
        eventually(lambda r=rounds: len(about_pictures(smtp, person)) == r, within=40)

    assert about_pictures(smtp, person) == ["2 pictures are ready"] * 2


def test_a_batch_that_its_owner_saw_makes_none(run: Run, smtp: RudeServer):
    person, other = address(), address()
    client, bystander = run.api(person), run.api(other)
    for each in (client, bystander):
        upload(each, "dune.jpg", pictures.photo(600, 400))

    def ended() -> list[str]:
        images = client.get("/api/images").json()["images"]
        return [image["id"] for image in images if image["state"] != "developing"]

    client.post("/api/images/seen", json={"ids": eventually(ended, within=30)}).raise_for_status()
    eventually(lambda: about_pictures(smtp, other), within=40, what="the bystander's mail")

    assert about_pictures(smtp, person) == []


def test_workers_killed_before_the_answer_leave_one_mail_and_a_reason(run: Run, smtp: RudeServer):
    person, workers = address(), ("worker-1", "worker-2")
    smtp.on("end", lambda: [run.kill(name) for name in workers] and None)

    run.sign_up(person)

    eventually(lambda: "nobody knows whether it left" in run.words(), within=60, what="that")
    [[kind, state, reason]] = notices_of(run, person)
    assert (kind, state) == ("welcome", "unknown")
    assert "nobody knows whether it left" in reason
    assert len(smtp.sent_to(person)) == 1


def test_workers_killed_before_they_dial_send_the_mail_all_the_same(run: Run, smtp: RudeServer):
    person, workers = address(), ("worker-1", "worker-2")
    smtp.on("connect", lambda: [run.kill(name) for name in workers] and None)

    run.sign_up(person)

    eventually(lambda: smtp.sent_to(person), within=60, what="the welcome mail")
    eventually(lambda: notices_of(run, person)[0][1] == "sent", within=20)
    assert len(smtp.sent_to(person)) == 1
