"""What a worker says of Redis: once each way, however many of its threads meet it."""

from __future__ import annotations

import pytest

from actors.wire.replies import ReplyError
from actors.worker import health
from actors.worker.health import Health


def words(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message.split(" (")[0] for record in caplog.records]


def test_an_outage_is_told_once_each_way(caplog: pytest.LogCaptureFixture):
    told = Health()

    for _ in range(3):
        told.lost(OSError("connection refused"))
    for _ in range(3):
        told.reached()

    assert words(caplog)[0] == "Redis is away"
    assert caplog.messages[1].startswith("Redis is back after 0.0 s")
    assert len(caplog.messages) == 2


def test_a_server_that_refuses_some_and_takes_others_is_told_once(
    caplog: pytest.LogCaptureFixture,
):
    told = Health()

    for _ in range(5):
        told.lost(ReplyError("OOM command not allowed"))
        told.reached()

    assert words(caplog) == ["Redis refuses commands"]
    assert "OOM command not allowed" in caplog.text


def test_it_is_well_again_when_nothing_was_refused_for_a_while(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    told = Health()
    told.lost(ReplyError("OOM command not allowed"))
    monkeypatch.setattr(health, "CALM_S", 0.0)

    told.reached()
    told.reached()

    assert len(caplog.messages) == 2
    assert caplog.messages[1].endswith("all is well again.")
