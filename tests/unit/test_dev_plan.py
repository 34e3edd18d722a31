from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.dev.plan import plan_from_environment


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "DATA_DIR", "REDIS_URL", "MAIL_URL", "BASE_URL", "DEVELOPMENT"):
        monkeypatch.delenv(name, raising=False)


def test_without_variables_everything_is_ours() -> None:
    plan = plan_from_environment()

    assert plan.url == "http://127.0.0.1:8000"
    assert plan.data_dir.name == "var"
    assert plan.is_redis_embedded
    assert [program.name for program in plan.programs] == ["mail", "web", "worker-1", "worker-2"]
    assert plan.environment["MAIL_URL"] == f"smtp://127.0.0.1:{plan.mail_port}"
    assert plan.environment["DEVELOPMENT"] == "1"
    assert "REDIS_URL" not in plan.environment


def test_a_mail_server_of_the_person_is_used_and_none_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_URL", "smtp://mail.example.org")

    plan = plan_from_environment()

    assert plan.environment["MAIL_URL"] == "smtp://mail.example.org"
    assert "mail" not in [program.name for program in plan.programs]


def test_the_address_follows_the_port_unless_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    assert plan_from_environment().environment["BASE_URL"] == "http://127.0.0.1:8123"

    monkeypatch.setenv("BASE_URL", "https://photos.example.org")
    assert plan_from_environment().environment["BASE_URL"] == "https://photos.example.org"


def test_an_empty_variable_does_not_replace_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_URL", "")
    monkeypatch.setenv("MAIL_URL", "")

    environment = plan_from_environment().environment

    assert environment["BASE_URL"] == "http://127.0.0.1:8000"
    assert environment["MAIL_URL"].startswith("smtp://127.0.0.1:")


def test_a_relative_data_directory_is_the_same_for_every_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "data")

    assert plan_from_environment().environment["DATA_DIR"] == str(tmp_path.resolve() / "data")


@pytest.mark.parametrize("port", ["0", "65536", "eight"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)

    with pytest.raises(ImproperlyConfigured, match=f"PORT is '{port}'; expected a "):
        plan_from_environment()
