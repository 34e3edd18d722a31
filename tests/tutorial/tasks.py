"""The actors of Celery's tutorials, found in `tasks.py` as theirs are."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model

from actors import AsyncResult, actor, report_progress, shared_task
from actors.connection import client


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


@actor(max_retries=0)
def tally(name: str, *values: Any) -> int:
    """One whose runs can be counted."""
    with trace(name).open("a") as counted:
        counted.write("|")
    return len(values)


@actor(max_retries=3, min_backoff=50, max_backoff=50)
def break_once(name: str) -> str:
    """One that fails, and then does not."""
    if not trace(name).exists():
        trace(name).touch()
        raise PlateBroken(plate=name, reason="once")
    return name


@actor(max_retries=0)
def wait_for(name: str) -> str:
    """One that runs until its file is there, and tells how far it is."""
    report_progress(1, 3, f"waits for {name}")
    while not trace(name).exists():
        time.sleep(0.01)
    report_progress(3, 3)
    return name


@actor(max_retries=0)
async def await_for(name: str) -> str:
    """Its coroutine twin."""
    report_progress(0.5, 1, "awaits")
    while not trace(name).exists():  # noqa: ASYNC110 - a file tells nobody
        await asyncio.sleep(0.01)
    await sync_to_async(report_progress)(1, 1, "x" * 300)
    return name


@actor(max_retries=0)
def report_often(times: int) -> int:
    """One that tells each step."""
    for number in range(1, times + 1):
        report_progress(number, times)
    return times


@actor(max_retries=20, min_backoff=300, max_backoff=300)
def try_until(name: str) -> str:
    """One that fails until its file is there."""
    if not trace(name).exists():
        raise PlateBroken(plate=name, reason="too early")
    return name


@actor(max_retries=12, min_backoff=1, max_backoff=1)
def fail_always(name: str) -> None:
    """One that counts its attempts."""
    with trace(name).open("a") as counted:
        counted.write("|")
    raise ValueError(f"attempt {trace(name).stat().st_size}")


@actor(max_retries=12, min_backoff=1, max_backoff=1)
def fail_each_differently(name: str) -> None:
    """One whose attempts differ in what they say, at length."""
    with trace(name).open("a") as counted:
        counted.write("|")
    raise ValueError(f"attempt {trace(name).stat().st_size}\n" + "and so on\n" * 120)


@actor(max_retries=3, throws=ValueError)
def refuse() -> None:
    """One whose exception is final."""
    raise ValueError("never")


@actor(max_retries=3, max_age=20)
def only_when_young() -> None:
    """One that Dramatiq's `AgeLimit` lets no worker run after 20 ms."""


@actor(max_retries=1, min_backoff=1, max_backoff=1)
def fail_at_length(plate: str) -> None:
    """One that fails twice, at length."""
    raise ValueError(plate + "x" * 1_000_000)


@actor(max_retries=0, store_results=False)
def print_plate(log: str, plate: int, seconds: float = 0.0) -> None:
    """One that tells when it starts and ends, and in which process."""
    tell(log, "started", plate)
    time.sleep(seconds)
    tell(log, "ended", plate)


@actor(max_retries=0, store_results=False, queue_name="proofs")
def print_proof(log: str, plate: int) -> None:
    """One of a queue that nothing else uses."""
    tell(log, "started", plate)


@actor(max_retries=2, min_backoff=300, max_backoff=10_000)
def print_badly(log: str, plate: int) -> None:
    """One that fails twice, and tells of each attempt."""
    tell(log, "started", plate)
    if client().llen(f"log:{log}") < 3:
        raise PlateBroken(plate=str(plate), reason="dark")


def tell(log: str, what: str, plate: int) -> None:
    """Append to a log in Redis, which orders what all processes tell."""
    told = [what, plate, os.getpid(), time.monotonic()]
    client().rpush(f"log:{log}", json.dumps(told))


def trace(name: str) -> Path:
    """The file that `note` leaves."""
    return Path(settings.DATA_DIR) / f"{name}.trace"
