"""Eager mode: with `ACTORS_EAGER`, what is sent runs here and now, without Redis or a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import dramatiq
from asgiref.sync import sync_to_async
from django.core.signals import setting_changed
from dramatiq import Message

from actors import conf
from actors.stand_in import StandIn, put_in_place


class EagerBroker(StandIn):
    """Runs what is sent before `enqueue` returns. When it should run is accepted, and ignored.

    What an actor raises is kept for `get()`; `delay()` returns as ever.
    """

    def accept(self, message: Message[Any], delay: int | None) -> None:
        """Run it."""
        self.run(message)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Run a message.

        Raises:
            RuntimeError: Under a running event loop, which it would block.
        """
        _refuse_running_loop(message.actor_name)
        return super().enqueue(message, delay=delay)

    async def aenqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Run a message on the thread of `sync_to_async`, where the ORM is, too."""
        return await sync_to_async(self.enqueue)(message, delay=delay)

    async def aenqueue_many(self, messages: Iterable[tuple[Message[Any], int | None]]) -> None:
        """Async twin of `enqueue_many`."""
        await sync_to_async(self.enqueue_many)(list(messages))


def follow_setting() -> None:
    """Be eager where `ACTORS_EAGER` says so, now and whenever a test changes it."""
    setting_changed.connect(_on_setting_changed, dispatch_uid="actors.eager")
    _apply()


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting == "ACTORS_EAGER":
        _apply()


def _apply() -> None:
    broker = dramatiq.get_broker()
    if conf.is_eager() and not isinstance(broker, EagerBroker):
        put_in_place(EagerBroker(broker))
    elif not conf.is_eager() and isinstance(broker, EagerBroker):
        put_in_place(broker.real)


def _refuse_running_loop(actor_name: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{actor_name}: with ACTORS_EAGER, delay() runs the actor here, which would block the "
        f"running event loop; use `await {actor_name}.adelay(...)`."
    )
