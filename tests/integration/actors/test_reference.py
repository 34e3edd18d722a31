"""docs/reference.md: its examples do what they say, and nothing that is public is missing."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import pytest

import actors
from actors import Actor, AsyncResult, GroupResult, checks, conf
from actors.options import SendOptions

TEXT = (Path(actors.__file__).parent.parent / "docs" / "reference.md").read_text()


def test_the_examples_of_the_reference_are_true(worker):
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", TEXT, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "reference", None, 0)
    said: list[str] = []

    seen = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)

    assert seen.failed == 0, "".join(said)
    assert seen.attempted >= 15


@pytest.mark.parametrize("name", [*actors.__all__, *SendOptions.__annotations__])
def test_a_public_name_stands_in_the_reference(name):
    assert re.search(rf"\b{name}\b", TEXT)


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for owner in (AsyncResult, GroupResult, Actor)
        for name, member in inspect.getmembers(owner)
        if name[0] != "_" and getattr(member, "__module__", "actors").startswith("actors")
    ),
)
def test_what_a_handle_or_an_actor_can_do_stands_there(name):
    assert re.search(rf"\b{name}\b", TEXT) or re.search(rf"\b{name.removeprefix('a')}\b", TEXT)


def test_checks_and_settings_are_those_of_the_code():
    ids = set(re.findall(r"^- ([EW]\d+) ", checks.__doc__ or "", re.MULTILINE))
    named = set(re.findall(r"`((?:ACTORS|DRAMATIQ)_\w+)`: ", inspect.getsource(conf)))

    assert set(re.findall(r"`actors\.([EW]\d+)`", TEXT)) == ids
    assert len(ids) >= 12
    assert {name for name in named if f"| `{name}` |" not in TEXT} == set()
    assert len(named) >= 5
