"""The actors of Celery's tutorials, found in `tasks.py` as theirs are."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from actors import AsyncResult, actor, shared_task


class PlateBroken(Exception):
    """Wants more than a text, so that calling its class with one would fail."""

    def __init__(self, *, plate: str, reason: str) -> None:
        super().__init__(f"{plate} broke: {reason}")


@actor(max_retries=0)
def expose(seconds: float, value: str) -> str:
    """A slow one."""
    time.sleep(seconds)
    return value


@shared_task(store_results=False, max_retries=0)
def note(name: str) -> None:
    """One that keeps no result and leaves a file to show that it ran."""
    trace(name).touch()


@actor(max_retries=0)
def break_plate(plate: str) -> None:
    """One that fails."""
    raise PlateBroken(plate=plate, reason="cold")


@actor(max_retries=0)
def person_exists(pk: int) -> bool:
    """One that needs the row it is told of."""
    return get_user_model().objects.filter(pk=pk).exists()


@actor(max_retries=0)
async def develop_slowly(seconds: float) -> str:
    """An `async def`."""
    await asyncio.sleep(seconds)
    return "developed"


@actor(max_retries=0)
def wait_inside(result_id: str, inside_actor: bool) -> Any:
    """One that waits for another's result."""
    return AsyncResult[Any](result_id).get(timeout=5, inside_actor=inside_actor)


@actor(max_retries=0)
def give_set() -> set[int]:
    """One whose value is no JSON."""
    return {1, 2}


def trace(name: str) -> Path:
    """The file that `note` leaves."""
    return Path(settings.DATA_DIR) / f"{name}.trace"
