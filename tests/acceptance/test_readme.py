"""The README's tutorial, run word for word against what `make run` starts."""

from __future__ import annotations

import doctest
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.acceptance.harness import BASE_DIR, Run, running
from tests.timing import TooLate

README = (BASE_DIR / "README.md").read_text()
TUTORIAL = README[README.index("## Five minutes") : README.index("## Write an actor")]
#: The tutorial's own words.
PORT = "8000"


@pytest.fixture(scope="module")
def tutorial() -> Iterator[Run]:
    """What the tutorial starts, at the address that it names."""
    with running(PORT=PORT) as run:
        yield run


def blocks(language: str) -> str:
    """All blocks of a language in the tutorial, one after the other."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL))


def test_the_python_of_the_tutorial_does_what_it_says(tutorial, tmp_path):
    examples = tmp_path / "tutorial.txt"
    examples.write_text(blocks("pycon"))
    code = (
        "import doctest, sys\n"
        f"seen = doctest.testfile({str(examples)!r}, module_relative=False)\n"
        "print(seen)\n"
        "sys.exit(seen.failed)"
    )

    ended = tutorial.manage("shell", "--no-imports", "-c", code)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "failed=0" in ended.stdout
    assert blocks("pycon").count(">>>") >= 12


def test_the_commands_of_the_tutorial_do_what_it_says(tutorial):
    commands, expected = commands_and_output(blocks("console"))
    assert commands[0] == "make run", "which the fixture has done"
    # After each command a line of its own divides what it printed from what the next one prints.
    script = "\n".join(f"{command}\necho; echo ---" for command in commands[1:])

    ended = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=BASE_DIR,
        env=tutorial.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    printed = ended.stdout.split("\n---\n")
    for command, wanted, got in zip(commands[1:], expected[1:], printed, strict=False):
        words = f"$ {command}\n{got}\nREADME:\n{wanted}"
        if '"ready"' in wanted and '"developing"' in got:
            raise TooLate(words)
        assert matches(wanted, got), words


def test_make_run_is_what_starts_it():
    makefile = (BASE_DIR / "Makefile").read_text()

    assert "run: $(RUN_STAMP)\n\t@exec $(BIN)/python -m project.dev\n" in makefile


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_the_readme_links_to_is_there(path):
    assert (BASE_DIR / path).exists()


@pytest.mark.parametrize("name", re.findall(r"^\| `([A-Z_]+)`", README, re.MULTILINE))
def test_a_variable_of_the_settings_table_is_read(name):
    sources = [BASE_DIR / "project/settings.py", *(BASE_DIR / "project/dev").glob("*.py")]

    assert any(f'"{name}"' in source.read_text() for source in sources)


def commands_and_output(text: str) -> tuple[list[str], list[str]]:
    """The lines after `$ `, and what stands below each."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    commands, outputs = zip(*(part.split("\n", 1) for part in parts), strict=True)
    return list(commands), list(outputs)


def matches(wanted: str, got: str) -> bool:
    """Whether the output is what the README shows, in which `...` stands for anything."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(wanted.strip(), got.strip(), flags)
