"""What a test does where the machine lacks a component: skips on a laptop, fails in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacks(component: str, remedy: str) -> NoReturn:
    message = f"{component} is not installed: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
