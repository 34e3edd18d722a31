from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from project import closing


@pytest.fixture(autouse=True)
def _open_again() -> Iterator[None]:
    closing.reopen()
    yield
    closing.reopen()


async def test_begin_on_another_thread_wakes_all_who_wait() -> None:
    waits = [asyncio.create_task(closing.wait()) for _ in range(3)]
    await asyncio.sleep(0)

    threading.Thread(target=closing.begin).start()

    await asyncio.wait_for(asyncio.gather(*waits), 2)
    assert closing.is_set()


async def test_begin_in_a_signal_handler_wakes_who_waits() -> None:
    replaced = signal.signal(signal.SIGUSR1, lambda *_: closing.begin())
    waiting = asyncio.create_task(closing.wait())
    await asyncio.sleep(0)

    try:
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(waiting, 2)
    finally:
        signal.signal(signal.SIGUSR1, replaced)


async def test_who_comes_late_does_not_wait() -> None:
    closing.begin()

    await asyncio.wait_for(closing.wait(), 2)


def test_begin_wakes_loops_of_several_threads() -> None:
    ready = threading.Barrier(3)

    async def wait() -> None:
        waiting = asyncio.create_task(closing.wait())
        await asyncio.sleep(0)
        ready.wait(2)
        await asyncio.wait_for(waiting, 2)

    threads = [threading.Thread(target=asyncio.run, args=(wait(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.wait(2)

    closing.begin()

    for thread in threads:
        thread.join(3)
    assert not any(thread.is_alive() for thread in threads)


def test_a_loop_that_was_closed_while_waiting_does_no_harm() -> None:
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(closing.wait())
    loop.run_until_complete(asyncio.sleep(0))

    waiting.cancel()
    loop.run_until_complete(asyncio.wait({waiting}))
    loop.close()

    closing.begin()
    assert closing.is_set()


async def test_who_was_cancelled_is_forgotten() -> None:
    waiting = asyncio.create_task(closing.wait())
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.wait({waiting})

    assert closing._waiters == set()
