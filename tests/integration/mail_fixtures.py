"""Fixtures of the tests about mails: a server that misbehaves when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from media_app import mailing
from tests.rude_smtp import RudeServer


@pytest.fixture
def smtp(settings: Any) -> Iterator[RudeServer]:
    """An SMTP server, used by the default mailer."""
    server = RudeServer()
    settings.MAILERS = mailers_of(server.port)
    yield server
    mailing.hang_up()
    server.stop()


def mailers_of(port: int, timeout_s: float = 2.0) -> dict[str, Any]:
    options = {"host": "127.0.0.1", "port": port, "timeout": timeout_s}
    options |= {"local_hostname": "darkroom.test"}
    return {"default": {"BACKEND": "media_app.smtp.Backend", "OPTIONS": options}}
