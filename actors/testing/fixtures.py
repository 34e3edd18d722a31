"""Fixtures for pytest: import them in your `conftest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.testing.capturing import StubBroker, capture


@pytest.fixture
def stub_broker() -> Iterator[StubBroker]:
    """Keep what the test sends from leaving; its list is `stub_broker.sent`."""
    with capture() as broker:
        yield broker
