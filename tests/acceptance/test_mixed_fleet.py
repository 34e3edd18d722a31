"""Stock Dramatiq beside ours on one Redis: its producers and its workers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dramatiq
from django.conf import settings

from actors import AsyncResult
from tests.acceptance.harness import BASE_DIR
from tests.timing import in_time
from tests.tutorial.tasks import note, trace
from tests.waiting import eventually

#: Milliseconds after its time that a delayed message may start, on a busy machine.
LATE_MS = 1000


class Sent(NamedTuple):
    """What a stock producer says of a message."""

    message_id: str
    due_ms: int


def command(*words: str) -> list[str]:
    namespace = dramatiq.get_broker().namespace
    program = (sys.executable, "-m", "tests.acceptance.stock_program")
    return [*program, settings.ACTORS_REDIS_URL, namespace, *words]


def stock_sends(*orders: dict[str, Any]) -> list[Sent]:
    """Let a stock producer send to the namespace that this process sends to."""
    sent = subprocess.run(
        command("send", json.dumps(orders)),
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sent.returncode == 0, sent.stderr
    return [Sent(line.split()[0], int(line.split()[1])) for line in sent.stdout.splitlines()]


@contextmanager
def stock_worker(log_path: Path) -> Iterator[Callable[[], list[str]]]:
    """A stock worker on that namespace; gives the notes it has run."""
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command("work"), cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=log, stderr=log
        )
        try:
            eventually(lambda: b"ready" in log_path.read_bytes(), within=30)
            yield lambda: log_path.read_text().split("ready\n")[1].splitlines()
        finally:
            process.communicate(timeout=30)
    assert process.returncode == 0, log_path.read_text()


def ran_late_ms(name: str, sent: Sent) -> float:
    return trace(name).stat().st_mtime * 1000 - sent.due_ms


def test_our_worker_runs_what_a_stock_producer_sends(worker):
    names = [f"stock-{number}" for number in range(100)]
    stock_sends(*({"actor": "note", "args": [name]} for name in names))

    eventually(lambda: all(trace(name).exists() for name in names), within=20)


def test_the_result_of_a_stock_producers_message_is_found_by_its_id(worker):
    [sent] = stock_sends({"actor": "expose", "args": [0, "a view"]})

    assert AsyncResult[str](sent.message_id).get(timeout=10) == "a view"


def test_our_worker_runs_what_a_stock_producer_delays_on_time(worker):
    delays_ms = [400, 1200, 800, 1600, 400]
    names = [f"stock-delayed-{number}" for number in range(len(delays_ms))]
    orders = [
        {"actor": "note", "args": [name], "delay": delay_ms}
        for name, delay_ms in zip(names, delays_ms, strict=True)
    ]
    sent = stock_sends(*orders)

    eventually(lambda: all(trace(name).exists() for name in names), within=20)
    late_ms = [ran_late_ms(name, one) for name, one in zip(names, sent, strict=True)]
    # The file system's clock ticks every 4 ms or so.
    assert min(late_ms) >= -20
    in_time(max(late_ms), LATE_MS)


async def test_a_stock_worker_runs_what_we_send(valkey, queue_length, tmp_path):
    with stock_worker(tmp_path / "stock.log") as noted:
        await asyncio.gather(*(note.adelay(f"awaited-{number}") for number in range(20)))
        await asyncio.to_thread(note.delay, "sent")
        everything = {*(f"awaited-{number}" for number in range(20)), "sent"}

        await asyncio.to_thread(eventually, lambda: set(noted()) == everything, within=20)
    assert queue_length("default") == 0


def test_a_stock_worker_and_ours_share_a_queue(worker, queue_length, tmp_path):
    names = [f"shared-{number}" for number in range(200)]
    with stock_worker(tmp_path / "stock.log") as noted:
        for name in names:
            note.delay(name)

        eventually(lambda: queue_length("default") == 0, within=20)
        ours = [name for name in names if trace(name).exists()]
        assert sorted([*ours, *noted()]) == sorted(names)
