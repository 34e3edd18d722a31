"""Every Redis command in a message's life fails once, before and after the server acted.

One at a time, in every kind of life. What was accepted runs or becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.fault import Way
from tests.faults.lives import LIVES
from tests.faults.rare import RARE
from tests.faults.stage import OPENING, WAYS, Case, Command, Stage
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stage_in_steps(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Stage]:
    """One whose worker sends what an end causes before it, as stock Dramatiq does."""
    folder = tmp_path_factory.mktemp("steps")
    stage = Stage(folder, "tests.faults.settings_in_steps", lost_after_s=3.0)
    yield stage
    stage.stop()


@pytest.mark.parametrize("life", LIVES)
def test_no_command_of_a_life_loses_a_message_when_it_fails(
    stage: Stage, life: str, report: Callable[[str], None]
) -> None:
    commands = stage.commands_of(life)

    cases = [stage.try_out(life, command, way) for command in commands for way in WAYS]

    met = [case for case in cases if case.has_failed]
    report(f"{life}: {len(met)} commands failed, one at a time")
    assert [case.problem for case in cases if case.problem] == []
    assert {(case.command.name, case.way) for case in met} == {
        (command.name, way) for command in commands for way in WAYS
    }


@pytest.mark.parametrize("side", ["worker", "sender"])
@pytest.mark.parametrize("name", OPENING)
def test_no_command_of_a_new_connection_loses_a_message_when_it_fails(
    stage: Stage, side: str, name: str
) -> None:
    cases = [_try_anew(stage, Command(side, name, 1), way) for way in WAYS]

    assert [case.problem for case in cases if case.problem] == []
    assert all(case.has_failed for case in cases)


@pytest.mark.parametrize("name", RARE)
def test_no_rare_command_loses_a_message_when_it_fails(stage: Stage, name: str) -> None:
    for way in WAYS:
        fault = stage.fail(Command("worker", name, 1), way)

        tokens = RARE[name](stage)

        assert fault.fired.wait(10), f"{name} was not sent"
        stage.rig.wait_for(tokens)
        assert stage.go_on() is None


def test_a_connection_that_only_the_worker_knows_to_be_lost_takes_no_message(stage: Stage) -> None:
    stage.settle()
    proxy = stage.proxies["worker"]
    start = len(proxy.seen)

    proxy.cut(half_open=True)
    eventually(lambda: "HGETALL" in [seen.name for seen in proxy.seen[start:]])
    stage.settle()

    assert stage.live("plain") is None
    assert stage.go_on() is None


@pytest.mark.parametrize("life", ["retried", "chained"])
def test_an_end_in_several_steps_would_lose_messages(
    stage_in_steps: Stage, transactional_db: None, life: str
) -> None:
    assert stage_in_steps.live(life) is None

    case = stage_in_steps.try_out(life, Command("worker", "enqueue", 1), "before")

    assert "neither" in str(case.problem)


def _try_anew(stage: Stage, command: Command, way: Way) -> Case:
    """Try until the command was met.

    A send that meets the cut, before the sender has seen it, is refused; no result is asked then.
    """
    for _ in range(3):
        case = stage.try_out("plain", command, way, anew=True)
        if case.has_failed or case.problem:
            break
    return case
