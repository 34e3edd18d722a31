"""A record is not trusted: whatever class it names, nothing is imported and nothing is called."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from actors import AsyncResult, ResultFailure, encoding
from actors.connection import client
from actors.failures import TEXT_LENGTH, TRACEBACK_LENGTH, exception_of, failure_of
from actors.records import ended_key

#: What a test finds here was called because of a record.
called: list[str] = []


class Telltale(type):
    """A class of classes that tells when one is looked at or called."""

    def __getattribute__(cls, name: str) -> Any:
        called.append(f"look at {name}")
        return super().__getattribute__(name)

    def __call__(cls, *args: Any) -> Any:
        called.append("call")
        return super().__call__(*args)

    def __instancecheck__(cls, instance: object) -> bool:
        called.append("check")
        return True


class Wary(Exception):
    """Tells of everything that is done with it."""

    args: Any = property(lambda error: called.append("args"))

    def __new__(cls, *args: Any) -> Wary:
        called.append("new")
        return super().__new__(cls)

    def __init__(self, one: str, other: str) -> None:
        called.append("init")

    def __setattr__(self, name: str, value: Any) -> None:
        called.append("setattr")

    def add_note(self, note: str) -> None:
        called.append("add_note")


class NoException(metaclass=Telltale):
    """No exception at all."""

    class Inner(Exception):
        """One inside."""


class Lying:
    """Says that it is a class."""

    @property
    def __class__(self) -> Any:
        called.append("class")
        return type

    def __getattr__(self, name: str) -> Any:
        called.append(name)
        return Exception


lying = Lying()


class Mute(Exception):
    """Can't say what happened."""

    def __str__(self) -> str:
        raise ValueError("no words")


def recorded(module: str, qualname: str, text: str = "touch hacked") -> AsyncResult[Any]:
    """A message whose record says that it failed so."""
    result: AsyncResult[Any] = AsyncResult(uuid.uuid4())
    error = {"type": "Error", "msg": text, "module": module, "qualname": qualname}
    record = {"state": "failed", "ended": 1, "error": {**error, "traceback": "where it was"}}
    client().set(ended_key(result.id), encoding.encode(record))
    return result


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    called.clear()


@pytest.mark.parametrize(
    ("module", "qualname"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exit"),
        ("builtins", "SystemExit"),
        ("builtins", "KeyboardInterrupt"),
        ("builtins", "BaseException"),
        ("builtins", "type"),
        ("subprocess", "Popen"),
        ("tests.integration.actors.test_failures", "NoException"),
        ("tests.integration.actors.test_failures", "lying"),
        ("tests.integration.actors.test_failures", "lying.Error"),
        ("django.conf", "settings.DEBUG"),
        ("asyncio", "exceptions.base_events.sys.modules"),
        ("this_is_not_loaded", "Error"),
        ("", ""),
        ("os", ""),
    ],
)
def test_what_is_no_loaded_exception_is_a_result_failure(valkey, monkeypatch, module, qualname):
    monkeypatch.setitem(sys.modules, "tests.integration.actors.test_failures", this_module())
    result = recorded(module, qualname)

    with pytest.raises(ResultFailure, match=r"raised Error: touch hacked$") as caught:
        result.get()

    assert caught.value.traceback == "where it was"
    assert called == []
    assert not Path("hacked").exists()


def test_a_module_that_is_not_loaded_stays_so(valkey):
    assert "this" not in sys.modules

    with pytest.raises(ResultFailure):
        recorded("this", "Error").get()

    assert "this" not in sys.modules


def test_a_lazy_module_is_not_loaded_by_a_record(valkey, monkeypatch, tmp_path):
    (tmp_path / "lazy.py").write_text("raise SystemExit('loaded')")
    spec = importlib.util.spec_from_file_location("lazy", tmp_path / "lazy.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    lazy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lazy)
    monkeypatch.setitem(sys.modules, "lazy", lazy)

    with pytest.raises(ResultFailure):
        recorded("lazy", "Error").get()


def test_no_code_of_an_exceptions_class_is_run():
    module = {"module": Wary.__module__, "qualname": "Wary", "msg": "words", "traceback": "where"}

    error = exception_of(module)

    assert called == []
    assert type(error) is Wary
    assert BaseException.__str__(error) == "words"
    assert error.__notes__ == ["where"]


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("late"),
        FileNotFoundError(2, "not there"),
        ConnectionResetError("gone"),
        KeyError("plate"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"),
        MemoryError("full"),
        subprocess.CalledProcessError(1, ["false"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_exceptions_of_python_itself_are_made_again(error):
    again = exception_of(failure_of(error))

    assert type(again) is type(error)
    assert again.args == (str(error),)


def test_a_class_that_can_not_be_made_of_a_text_is_left_to_its_name():
    assert exception_of(failure_of(ExceptionGroup("many", [ValueError()]))) is None


def test_an_exception_without_words_is_kept_too():
    failure = failure_of(Mute())

    assert failure["msg"] == "(its text can't be had: ValueError)"
    assert "Mute" in failure["traceback"]


def test_what_a_database_would_refuse_is_written_out():
    failure = failure_of(ValueError("nul \0, half a pair \ud800"))

    assert failure["msg"] == "nul \\0, half a pair \\ud800"
    assert "\0" not in failure["traceback"]


def test_a_long_text_is_cut_and_keeps_where_it_was_raised():
    try:
        raise ValueError("x" * 1_000_000)
    except ValueError as error:
        failure = failure_of(error)

    assert len(failure["msg"]) < TEXT_LENGTH + 50
    assert failure["msg"].endswith("(cut from 1000000 characters)")
    assert len(failure["traceback"]) < TRACEBACK_LENGTH + 50
    assert "in test_a_long_text" in failure["traceback"]


def this_module() -> ModuleType:
    """This module, under whatever name pytest has loaded it."""
    return sys.modules[__name__]
