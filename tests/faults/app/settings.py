"""The site's settings under faults: a cheap password hasher, and steps at which a process can die.

The site's own processes use these, not the tests' process. FAULTS_TIMES=short shortens what
production takes its time for, so that a run ends within a minute; where it is unset, mails that
were not taken are tried again sooner, and all else is as in production.
"""

from __future__ import annotations

import os

from project.settings import *  # noqa: F403
from project.settings import DRAMATIQ_BROKER, INSTALLED_APPS, MAILERS, STORAGES

_is_short = os.environ.get("FAULTS_TIMES") == "short"

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.app.apps.FaultsConfig"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "default": {"BACKEND": "tests.faults.app.steps.SteppedStorage"}}
DRAMATIQ_BROKER = {
    **DRAMATIQ_BROKER,
    "BROKER": "tests.faults.app.steps.SteppedBroker",
    "MIDDLEWARE": [*DRAMATIQ_BROKER["MIDDLEWARE"], "tests.faults.app.steps.SteppedWork"],
}
#: Seconds between two tries of a mail; in production a minute, five, thirty and so on.
FAULTS_MAIL_PAUSE_S = 1.0 if _is_short else 15.0
if _is_short:
    DRAMATIQ_BROKER["OPTIONS"] = {"heartbeat_timeout": 3_000}
    ACTORS_SWEEP_AFTER_S, ACTORS_SWEEP_INTERVAL_S = 6.0, 3.0
    BATCH_QUIET_S = 4.0
    # An answer of the mail server, and a mail's whole dialogue.
    MAILERS["default"]["OPTIONS"]["timeout"] = 2
    MAIL_LEASE_S = 9.0
