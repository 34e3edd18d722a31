"""What mypy says of code that uses the facade: wrong arguments are errors, results have types."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
#: Each line, and what mypy is to say of it: a revealed type, an error's code, or nothing.
LINES = [
    ("reveal_type(add.delay(1, 2))", "AsyncResult[int]"),
    ("reveal_type(add.delay(1, y=2))", "AsyncResult[int]"),
    ("reveal_type(await add.adelay(1, 2))", "AsyncResult[int]"),
    ("reveal_type(add.delay_on_commit(1, 2))", "AsyncResult[int]"),
    ("reveal_type(await add.adelay_on_commit(1, 2))", "AsyncResult[int]"),
    ("reveal_type(add.apply_async((1, 2), countdown=3))", "AsyncResult[int]"),
    ("reveal_type(await add.aapply_async((1, 2)))", "AsyncResult[int]"),
    ("reveal_type(add.delay_many([(1, 2)]))", "list[AsyncResult[int]]"),
    ("reveal_type(add.delay(1, 2).get())", "int"),
    ("reveal_type(await (await add.adelay(1, 2)).aget())", "int"),
    ("reveal_type(await add.delay(1, 2))", "int"),
    ("reveal_type(add(1, 2))", "int"),
    ("reveal_type(develop.delay('plate'))", "AsyncResult[str]"),
    ("reveal_type(await (await develop.adelay('plate')))", "str"),
    ("reveal_type(develop.delay('plate').get())", "str"),
    ("reveal_type(optioned.delay('plate').get())", "str"),
    ("reveal_type(shared.delay(1).get())", "float"),
    ("add.delay('one', 2)", "arg-type"),
    ("add.delay(1)", "call-arg"),
    ("add.delay(1, 2, 3)", "call-arg"),
    ("add.delay(1, y=2, z=3)", "call-arg"),
    ("await add.adelay('one', 2)", "arg-type"),
    ("await add.adelay(1)", "call-arg"),
    ("add.delay_on_commit('one', 2)", "arg-type"),
    ("await add.adelay_on_commit('one', 2)", "arg-type"),
    ("add('one', 2)", "arg-type"),
    ("await develop.adelay(1)", "arg-type"),
    ("optioned.delay(1)", "arg-type"),
    ("add.apply_async((1, 2), countdown='soon')", "arg-type"),
    ("add.apply_async((1, 2), countdwn=3)", "call-arg"),
    ("text: str = add.delay(1, 2).get()", "assignment"),
    ("add.delay(1, 2)", ""),
    ("await develop.adelay(plate='a')", ""),
]
HEAD = """
from __future__ import annotations
from actors import actor, shared_task

@actor
def add(x: int, y: int) -> int:
    return x + y

@actor
async def develop(plate: str) -> str:
    return plate

@actor(queue_name="plates", max_retries=3)
def optioned(plate: str) -> str:
    return plate

@shared_task
def shared(x: int) -> float:
    return x / 2

async def uses() -> None:
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What mypy says of each line, by its place."""
    path = tmp_path_factory.mktemp("typing") / "uses.py"
    path.write_text(HEAD + "".join(f"    {line}\n" for line, _ in LINES))
    # A cache of its own: with other options, the one of `make check` would be made anew each time.
    options = ["--no-error-summary", "--follow-imports=silent", "--cache-dir=.mypy_cache/typing"]

    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert not ran.stderr, ran.stderr
    first = HEAD.count("\n") + 1
    found = re.findall(r"^\S*uses\.py:(\d+): (?:error: |note: (?=Rev))(.*)$", ran.stdout, re.M)
    return {int(number) - first: text for number, text in found}


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_mypy_says_what_it_is_to_say(told, line, expected):
    place = LINES.index((line, expected))

    said = re.sub(r"[\w.]+\.(?=\w)", "", told.get(place, ""))

    if line.startswith("reveal_type"):
        assert said == f'Revealed type is "{expected}"'
    else:
        assert said.endswith(f"[{expected}]") if expected else said == ""


def test_mypy_says_nothing_else(told):
    assert told.keys() == {place for place, (_, expected) in enumerate(LINES) if expected}
