"""The fault suites' settings, with the broker that ends a message in several steps."""

from __future__ import annotations

from tests.faults.settings import *  # noqa: F403
from tests.faults.settings import DRAMATIQ_BROKER

DRAMATIQ_BROKER = {**DRAMATIQ_BROKER, "BROKER": "tests.faults.in_steps.BrokerInSteps"}
