"""Dramatiq's own tests, run with our broker and our result backend.

They come from its sdist (`sdist.py`); what they need of fixtures is ours (`stand_ins.py`). Set
UPSTREAM_STOCK=1 to run them with Dramatiq's own classes instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.upstream import test_behaviour
from tests.upstream.apart import APART
from tests.upstream.sdist import dramatiqs_tests
from tests.valkey_server import ValkeyServer

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).resolve().parent.parent.parent
#: What speaks of brokers, workers, results and composition; `test_broker` needs RabbitMQ's client.
MODULES = (
    *("test_actors", "test_callbacks", "test_composition", "test_redis", "test_results"),
    "test_worker",
)
INI = """[pytest]
addopts = --strict-markers -p no:randomly -p no:django -p no:asyncio -p no:cacheprovider
timeout = 60
filterwarnings = error
"""
#: Tests that passed when this was written, less a few: so many at least must have been found.
FEWEST = 155


class Outcomes(NamedTuple):
    """Names of tests, as `test_redis.py::test_x[redis]`; failures with what they said."""

    passed: set[str]
    skipped: set[str]
    failed: dict[str, str]
    output: str


@pytest.fixture(scope="module")
def outcomes(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of Dramatiq's tests: its modules side by side, as they wait most of the time."""
    sources = dramatiqs_tests(Path(pytestconfig.cache.mkdir("dramatiq-sdist")))
    folder = tmp_path_factory.mktemp("upstream")
    lay_out(sources, folder)
    with ThreadPoolExecutor(len(MODULES)) as threads:
        ran = list(threads.map(lambda module: run(folder, module), MODULES))
    return Outcomes(
        passed=set().union(*(each.passed for each in ran)),
        skipped=set().union(*(each.skipped for each in ran)),
        failed={name: text for each in ran for name, text in each.failed.items()},
        output="\n".join(each.output for each in ran),
    )


def lay_out(sources: Path, folder: Path) -> None:
    """Make a package of the tests, with a `common` of ours."""
    package = folder / "dramatiq_tests"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "common.py").write_text("from tests.upstream.common import *\n")
    for module in MODULES:
        shutil.copy(sources / f"{module}.py", package)
    (folder / "pytest.ini").write_text(INI)


def run(folder: Path, module: str) -> Outcomes:
    """Run one module, on a server of its own."""
    server = ValkeyServer(folder / module)
    server.start()
    try:
        return run_on(folder / module, folder, module)
    finally:
        server.stop()


def run_on(data_dir: Path, folder: Path, module: str) -> Outcomes:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | {
        "DARKROOM_TEST_DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
    }
    report = folder / f"{module}.xml"
    command = [sys.executable, "-m", "pytest", "-p", "tests.upstream.stand_ins"]
    ran = subprocess.run(
        [*command, f"dramatiq_tests/{module}.py", f"--junitxml={report}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert report.exists(), ran.stdout
    return read(report, ran.stdout)


def read(report: Path, output: str) -> Outcomes:
    outcomes = Outcomes(set(), set(), {}, output)
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}.py::{case.get('name')}"
        if (wrong := case.find("failure")) is not None or (wrong := case.find("error")) is not None:
            outcomes.failed[name] = wrong.text or ""
        elif case.find("skipped") is not None:
            outcomes.skipped.add(name)
        else:
            outcomes.passed.add(name)
    return outcomes


def test_dramatiqs_own_tests_pass(outcomes: Outcomes):
    if outcomes.failed:
        told = (f"{name}\n{text}" for name, text in sorted(outcomes.failed.items()))
        pytest.fail("\n\n".join([*told, *sorted(outcomes.failed)]), pytrace=False)


def test_none_of_them_went_missing(outcomes: Outcomes):
    assert len(outcomes.passed) + len(outcomes.failed) >= FEWEST, outcomes.output


def test_just_those_that_stand_apart_were_not_run(outcomes: Outcomes):
    assert outcomes.skipped == set(APART)


@pytest.mark.parametrize("name", sorted({apart.ours for apart in APART.values()}))
def test_one_of_ours_takes_their_place(name: str):
    assert callable(getattr(test_behaviour, name))
