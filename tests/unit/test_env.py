from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import env


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_a_switch_is_on(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SWITCH", value)

    assert env.env_bool("SWITCH", False) is True


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ANY", value)

    assert env.env_str("ANY", "default") == "default"
    assert env.env_bool("ANY", True) is True
    assert env.env_int("ANY", 7) == 7
    assert env.env_list("ANY", ["a"]) == ["a"]


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (lambda: env.env_bool("BAD", False), "maybe", "expected 1 or 0, true or false"),
        (lambda: env.env_int("BAD", 1, at_least=1), "0", "expected a whole number of 1 or more"),
        (lambda: env.env_int("BAD", 1), "1.5", "expected a whole number of 0 or more"),
        (lambda: env.env_seconds("BAD", 1), "-1", "expected a number of seconds above 0"),
        (lambda: env.env_seconds("BAD", 1), "nan", "expected a number of seconds above 0"),
        (lambda: env.env_choice("BAD", "a", choices=("a", "b")), "c", "expected a or b"),
        (lambda: env.env_url("BAD", "", schemes=("smtp",)), "http://x", "expected smtp://..."),
        (lambda: env.env_url("BAD", "", schemes=("smtp",)), "smtp://x:port", "smtp://..."),
        (lambda: env.env_secret("BAD"), "", "expected a readable file"),
    ],
)
def test_a_refusal_names_the_variable_the_value_and_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, read: object, value: str, words: str
) -> None:
    monkeypatch.setenv("BAD", value)
    monkeypatch.setenv("BAD_FILE", "/nowhere/at/all")

    with pytest.raises(ImproperlyConfigured, match=f"BAD.* is '.*'; .*{words}"):
        read()  # type: ignore[operator]


def test_a_refused_address_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAD", "ftp://me:secret@host")

    with pytest.raises(ImproperlyConfigured) as refusal:
        env.env_url("BAD", "", schemes=("smtp",))

    assert "secret" not in str(refusal.value)
    assert "@host" in str(refusal.value)


def test_a_list_drops_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAMES", "a, b,,")

    assert env.env_list("NAMES", []) == ["a", "b"]


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.setenv("KEY_FILE", str(tmp_path / "key"))

    assert env.env_secret("KEY") == "from the file"


def test_a_stored_secret_is_made_once_also_by_many_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret_key"
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(env.stored_secret(path))) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert set(seen) == {path.read_text()}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["secret_key"]
