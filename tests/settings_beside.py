"""The tests' settings for workers on a Redis of their own: the outbox is not theirs to send."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import DRAMATIQ_BROKER

DRAMATIQ_BROKER = {
    **DRAMATIQ_BROKER,
    "MIDDLEWARE": [
        name for name in DRAMATIQ_BROKER["MIDDLEWARE"] if not name.endswith(".OutboxRelay")
    ],
}
