"""The account finds what it is there to find."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.faults.app import account
from tests.faults.app.mail_server import Received

READY = {"id": "1", "state": "ready", "complete": True, "reason": ""}


def notice(state: str = "sent", reason: str = "", message_id: str = "<1>") -> dict[str, Any]:
    return {
        "kind": "welcome",
        "user__email": "ann@example.com",
        "batch": account.NO_BATCH,
        "message_id": message_id,
        "state": state,
        "reason": reason,
    }


def mail(message_id: str = "<1>") -> Received:
    return Received("ann@example.com", message_id, "Welcome", 0.0)


def account_of(notices: list[dict[str, Any]], mails: list[Received]) -> account.Account:
    rows = {"emails": [], "assets": [READY], "notices": notices, "batches": [], "outbox": 0}
    return account.of_all(["1"], ["ann@example.com"], rows, mails, wrong=[], facts={})


def test_what_ended_as_it_should_is_no_problem() -> None:
    found = account_of([notice()], [mail()])

    assert found.problems == []
    assert [(line.accepted, line.done) for line in found.lines] == [(1, 1), (1, 1), (0, 0)]
    assert "lost" in found.table()


@pytest.mark.parametrize(
    ("notices", "mails", "problem"),
    [
        ([notice()], [mail(), mail()], "twice: ann@example.com <1>: received 2 times"),
        ([notice(), notice(message_id="<2>")], [mail(), mail("<2>")], "twice: .*: 2 notices"),
        ([], [], "lost: ann@example.com, batch .*: has no notice"),
        ([notice("queued")], [], "lost: .* queued, received 0 times"),
        ([notice()], [], "lost: .* sent, received 0 times"),
        ([notice("failed")], [], "lost: .* failed, received 0 times, reason ''"),
        ([notice("failed", "refused")], [mail()], "contradictory: .* failed, yet received"),
        ([notice()], [mail(), mail("<7>")], "a mail without a notice"),
    ],
)
def test_a_mail_that_went_wrong_is_a_problem(
    notices: list[dict[str, Any]], mails: list[Received], problem: str
) -> None:
    found = account_of(notices, mails)

    assert found.problems
    assert any(re.search(problem, each) for each in found.problems)


def test_an_unknown_mail_is_listed_with_its_reason() -> None:
    found = account_of([notice("unknown", "The worker ended.")], [mail()])

    assert found.problems == []
    assert found.lines[1].unknown_ones == {"ann@example.com <1>": "The worker ended."}


@pytest.mark.parametrize(
    "row",
    [
        READY | {"state": "developing"},
        READY | {"complete": False},
        READY | {"state": "failed"},
        READY | {"id": "2"},
    ],
)
def test_an_image_that_did_not_end_is_lost(row: dict[str, Any]) -> None:
    line = account.of_images(["1"], [row])

    assert len(line.lost) == 1


def test_an_image_that_failed_with_a_reason_is_not_lost() -> None:
    line = account.of_images(["1"], [READY | {"state": "failed", "reason": "cut off"}])

    assert (line.failed, line.lost) == (1, [])
    assert line.reasons == {"cut off": 1}
