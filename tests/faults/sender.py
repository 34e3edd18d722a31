"""A process that sends: takes orders as lines of JSON, answers each with one line.

`python -m tests.faults.sender`; `Sender` is the test's end of it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable
from typing import Any

#: Seconds between two looks at the loop.
TICK_S = 0.001


class Sender:
    """Starts the process; each method is one order."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.faults.sender"]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._one_at_a_time = threading.Lock()

    def send(self, life: str, token: str) -> str | None:
        """Send a life; return None where it was accepted, else the error's name and words."""
        answer = self._ask(do="send", life=life, token=token)
        return answer["error"] and f"{answer['error']}: {answer['words']}"

    def send_many(self, tokens: list[str], seconds: float) -> None:
        """Send one `take_time` for each token, which is its id too."""
        answer = self._ask(do="send_many", tokens=tokens, seconds=seconds)
        assert answer["error"] is None, answer

    def poison(self, token: str) -> None:
        assert self._ask(do="poison", token=token)["error"] is None

    def result(self, token: str) -> Any:
        """Return the result of a plain life as `aget` gives it, or the name of the error."""
        answer = self._ask(do="result", token=token)
        return answer["error"] or answer["value"]

    def timed(self, way: str) -> dict[str, Any]:
        """Send by `delay` (in a thread) or `adelay`; say how it ended, and how late the loop was.

        `error`, `took_s`, `late_ms`.
        """
        return self._ask(do="timed", way=way)

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        assert line, "The sender died; its last words stand above."
        answer: dict[str, Any] = json.loads(line)
        return answer


async def serve() -> None:
    """Carry out orders, one after the other, on one loop."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        do = globals()["do_" + order.pop("do")]
        answer = await do(**order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


async def do_send(life: str, token: str) -> dict[str, Any]:
    from tests.faults.lives import LIVES

    return await outcome_of(LIVES[life][0](token))


async def do_send_many(tokens: list[str], seconds: float) -> dict[str, Any]:
    from tests.faults.tasks import take_time

    sends = (take_time.aapply_async((token, seconds), message_id=token) for token in tokens)
    return await outcome_of(asyncio.gather(*sends))


async def do_poison(token: str) -> dict[str, Any]:
    from tests.faults.tasks import kill_worker

    return await outcome_of(kill_worker.aapply_async((token,), message_id=token))


async def do_result(token: str) -> dict[str, Any]:
    from actors import AsyncResult

    answer = await outcome_of(got := asyncio.ensure_future(AsyncResult[str](token).aget(5)))
    return answer | {"value": got.result() if answer["error"] is None else None}


async def do_timed(way: str) -> dict[str, Any]:
    from tests.faults.tasks import succeed

    token = str(time.monotonic_ns())
    sending = succeed.adelay(token) if way == "adelay" else asyncio.to_thread(succeed.delay, token)
    late_ms: list[float] = []
    ticking = asyncio.create_task(tick(late_ms))
    await asyncio.sleep(0.05)
    late_ms.clear()
    begun = time.perf_counter()
    answer = await outcome_of(sending)
    took_s = time.perf_counter() - begun
    await asyncio.sleep(2 * TICK_S)
    ticking.cancel()
    return answer | {"took_s": took_s, "late_ms": max(late_ms)}


async def tick(late_ms: list[float]) -> None:
    """Note for ever how late the loop is."""
    while True:
        due = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        late_ms.append((time.perf_counter() - due) * 1000)


async def outcome_of(work: Awaitable[Any]) -> dict[str, Any]:
    """Await it; return the name of its error, if any, and its words."""
    try:
        await work
    except Exception as error:
        return {"error": type(error).__name__, "words": str(error)}
    return {"error": None}


if __name__ == "__main__":
    import django

    django.setup()
    asyncio.run(serve())
