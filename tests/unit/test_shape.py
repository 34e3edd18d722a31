"""The shape of the code: rows that import only downward, twins that agree, actors that say all."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

import actors
from actors import Actor, AsyncResult, ChainResult, GroupResult, chain, group, testing
from media_app import file_queries, ingest, queries

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("actors", "media_app", "project")

#: The rows of docs/architecture.md, by the longest prefix of a module's name.
ROWS = {
    "asgi": 7,
    "manage": 7,
    "project.urls": 7,
    "project.dev": 7,
    "project.lifespan": 7,
    "media_app.views": 6,
    "media_app.body_guard": 6,
    "media_app.forms": 6,
    "media_app.urls_api": 6,
    "media_app.urls_pages": 6,
    "media_app.management": 6,
    "actors.management": 6,
    "media_app.ingest": 5,
    "media_app.importing": 5,
    "media_app.signals": 5,
    "media_app.stale": 5,
    "media_app.tidying": 5,
    "media_app.admin": 5,
    "media_app.apps": 5,
    "actors.dead_letters": 5,
    "actors.admin": 5,
    "actors.apps": 5,
    "actors.resizing": 4,
    "actors.emailing": 4,
    "actors.arithmetic": 4,
    "actors": 3,
    "media_app.renditions": 2,
    "media_app.sharing": 2,
    "media_app.claims": 2,
    "media_app.lacking": 2,
    "media_app.developing": 2,
    "media_app.contents": 2,
    "media_app.negatives": 1,
    "media_app.notices": 2,
    "media_app.batches": 2,
    "media_app.mails": 2,
    "media_app.orphans": 2,
    "media_app.queries": 2,
    "media_app.file_queries": 2,
    "media_app.imaging": 1,
    "media_app.addresses": 1,
    "media_app.models": 1,
    "media_app.storage": 1,
    "media_app.mailing": 1,
    "media_app.smtp": 1,
    "actors.models": 1,
    "actors.parent_watch": 0,
    "actors.conf": 0,
    "project.env": 0,
    "project.paths": 0,
    "project.closing": 0,
    "project.machine": 0,
    "project.niceness": 0,
    "project.settings": 0,
    "media_app.geometry": 0,
    "media_app.presets": 0,
    "media_app.thumb_hashes": 0,
    "media_app.exceptions": 0,
    "media_app.migrations": 1,
    "actors.migrations": 1,
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.glob("*.py")):
        yield path.stem, path
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


MODULES = dict(modules())


def row_of(name: str) -> int | None:
    """The row of a module, or of what is imported from one; None for a package without a row."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (row := ROWS.get(".".join(parts[:length]))) is not None:
            return row
    return None


def imports_of(name: str) -> set[str]:
    """The modules of ours that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            inside = {each for each in names if each in MODULES}
            found |= inside | ({node.module} if names - inside else set())
    return {each for each in found if each.split(".")[0] in (*PACKAGES, "asgi", "manage")}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_lower_rows_or_its_own(module):
    row = row_of(module)
    if row is None:
        assert MODULES[module].read_text() == "", f"{module} has no row in {__file__}"
        return

    above = {name for name in imports_of(module) if (row_of(name) or 0) > row}

    assert above == set()


def test_no_imports_go_in_a_circle():
    graph = {name: imports_of(name) & MODULES.keys() for name in MODULES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a circle: {' -> '.join((*path, name))}"
        if name not in done:
            for imported in graph[name]:
                visit(imported, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_what_the_facade_is_made_of_knows_nothing_of_the_application():
    theirs = {"actors.resizing", "actors.emailing"}

    for name in MODULES.keys() - theirs:
        if name.startswith("actors"):
            known = {each.split(".")[0] for each in imports_of(name)}
            assert known <= {"actors"}, f"{name} imports {known}"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        *(
            (owner, name)
            for owner in (Actor, chain, group)
            for name in ("delay", "delay_on_commit")
        ),
        *((Actor, name) for name in ("apply_async", "delay_many", "delay_many_on_commit")),
        *((owner, name) for owner in (AsyncResult, GroupResult) for name in ("get", "ready")),
        *((owner, "revoke") for owner in (AsyncResult, ChainResult, GroupResult)),
        *((AsyncResult, name) for name in ("info", "forget")),
        (GroupResult, "completed"),
        (testing, "run_sent"),
    ],
)
def test_twins_take_the_same(owner, name):
    sync = inspect.signature(getattr(owner, name))
    twin = inspect.signature(getattr(owner, f"a{name}"))

    assert list(sync.parameters.values()) == list(twin.parameters.values())


@pytest.mark.parametrize("module", [file_queries, ingest, queries])
def test_each_twin_of_a_use_case_wraps_its_namesake(module):
    twins = {n: f for n, f in vars(module).items() if hasattr(f, "func") and n.startswith("a")}

    assert twins
    for name, twin in twins.items():
        assert twin.func is getattr(module, name[1:])


def test_every_actor_of_ours_says_its_queue_its_retries_and_its_time_limit():
    ours = [a for a in dramatiq.get_broker().actors.values() if a.fn.__module__[:7] == "actors."]

    assert len(ours) >= 5
    for actor in ours:
        assert {"max_retries", "time_limit"} <= actor.options.keys(), actor.actor_name
        assert actor.queue_name in {"default", "previews", "renditions", "finishing", "mail"}


def test_what_the_package_exports_is_there_and_is_all():
    assert set(actors.__all__) <= set(vars(actors))
    submodules = {module.name for module in pkgutil.iter_modules(actors.__path__)}
    public = {n for n, v in vars(actors).items() if n[0] != "_" and not inspect.ismodule(v)}
    assert public - submodules - {"annotations"} == set(actors.__all__)


def test_every_module_says_what_it_owns_and_can_be_imported():
    for name, path in MODULES.items():
        if path.read_text() and "migrations" not in name and name not in ("manage",):
            assert ast.get_docstring(ast.parse(path.read_text())), name
        if not name.endswith("__main__") and name != "manage":
            importlib.import_module(name)
