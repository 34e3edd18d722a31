"""`actors/` without its application's modules, in a Django project that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import BASE_DIR
from tests.valkey_server import ValkeyServer
from tests.waiting import eventually

SETTINGS = """
from project_defaults import *
SECRET_KEY = "not secret"
USE_TZ = True
INSTALLED_APPS = ["django_dramatiq", "actors", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
ACTORS_REDIS_URL = "%s"
DRAMATIQ_ENCODER = "actors.encoding.FastEncoder"
"""
TASKS = """
from actors import actor

@actor
def price(count: int) -> int:
    return count * 3
"""
CODE = """
from django.db import transaction
from shop.tasks import price
with transaction.atomic():
    stored = price.delay(5)
print(price.delay(4).get(), stored.get())
"""
#: What a project takes over from ours: the broker, its middleware and the result backend.
TAKEN = ("DRAMATIQ_BROKER = {", "DRAMATIQ_RESULT_BACKEND = {")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """The folder of such a project, migrated, with a server of its own."""
    server = ValkeyServer(tmp_path / "redis")
    ours = shutil.ignore_patterns("resizing.py", "emailing.py", "arithmetic.py", "__pycache__")
    shutil.copytree(BASE_DIR / "actors", tmp_path / "actors", ignore=ours)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "tasks.py").write_text(TASKS)
    (tmp_path / "project_defaults.py").write_text(taken_settings())
    (tmp_path / "settings.py").write_text(SETTINGS % server.url)
    assert run(tmp_path, "migrate", "--verbosity", "0").returncode == 0
    server.start()
    yield tmp_path
    server.stop()


def taken_settings() -> str:
    source = (BASE_DIR / "project" / "settings.py").read_text()
    blocks = [source[source.index(head) :].split("\n}\n")[0] + "\n}\n" for head in TAKEN]
    return "ACTORS_RESULT_TTL_S = 60\n" + "".join(blocks)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "django", *words, "--settings", "settings"]


def environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "DARKROOM_"))}
    return kept | {"PYTHONPATH": str(folder)}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_checks_sends_and_returns_results_in_an_empty_project(shop: Path):
    checked = run(shop, "check", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    assert run(shop, "makemigrations", "--check", "--dry-run").returncode == 0

    log_path = shop / "worker.log"
    with log_path.open("wb") as log:
        worker = subprocess.Popen(
            command("rundramatiq", "--processes", "1", "--threads", "2"),
            cwd=shop,
            env=environment(shop),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            eventually(lambda: b"ready for action" in log_path.read_bytes(), within=20)
            answered = run(shop, "shell", "--no-imports", "-c", CODE)
        finally:
            worker.terminate()
            worker.wait(20)

    assert answered.stdout.strip() == "12 15", answered.stderr + log_path.read_text()
