"""Every kind of life that a message can have: how it is sent, and what must have come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import dramatiq

from tests.faults import tasks


async def plain(token: str) -> None:
    await tasks.succeed.aapply_async((token,), message_id=token)


async def retried(token: str) -> None:
    """Sent from a thread, by `delay`."""
    await asyncio.to_thread(tasks.fail_once.delay, token)


async def failing(token: str) -> None:
    await tasks.fail_for_good.adelay(token)


async def delayed(token: str) -> None:
    await tasks.succeed.aapply_async((token,), countdown=0.1)


async def chained(token: str) -> None:
    links = tasks.succeed.message(token) | tasks.follow.message(f"{token}.then")
    await asyncio.to_thread(links.run)


async def telling(token: str) -> None:
    await tasks.succeed_and_tell.adelay(token)


async def grouped(token: str) -> None:
    members = dramatiq.group([tasks.succeed.message(f"{token}.{n}") for n in range(3)])
    members.add_completion_callback(tasks.follow.message(f"{token}.all"))
    await asyncio.to_thread(members.run)


async def prioritised(token: str) -> None:
    await tasks.succeed.aapply_async((token,), priority=50)


type Send = Callable[[str], Awaitable[None]]

#: How each is sent, and the endings of the tokens that must be told of.
LIVES: dict[str, tuple[Send, tuple[str, ...]]] = {
    "plain": (plain, ("",)),
    "retried": (retried, ("",)),
    "failing": (failing, ("", ".told")),
    "delayed": (delayed, ("",)),
    "chained": (chained, ("", ".then")),
    "telling": (telling, ("", ".told")),
    "grouped": (grouped, (".0", ".1", ".2", ".all")),
    "prioritised": (prioritised, ("",)),
}


def tokens_of(life: str, token: str) -> set[str]:
    """Return what must have run, or be a dead letter, once this life is over."""
    return {token + ending for ending in LIVES[life][1]}
