"""`report_progress`: how far an actor is, for whoever asks for the record of its message."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from actors import encoding
from actors.handles import current_message_id
from actors.worker.deliveries import running_delivery

#: Characters kept of a note.
NOTE_LENGTH = 200

_is_called_here: ContextVar[bool] = ContextVar("is_called_here", default=False)


def report_progress(done: float, total: float, note: str = "") -> None:
    """Tell how far the actor is that calls this: `done` of `total`, in any unit.

        @actor
        def develop(plates: list[str]) -> None:
            for number, plate in enumerate(plates, start=1):
                expose(plate)
                report_progress(number, len(plates), plate)

    Costs no round trip: the latest report leaves with what the worker sends next, some 5 ms later,
    and shows in `info().progress` and `events()`. Works in `def` and `async def`, and in what they
    call by `sync_to_async`; a thread of your own needs `contextvars.copy_context().run`.
    In an actor that is called or runs eagerly, nobody can ask: there it does nothing.

    Args:
        done: 0 or more; at most `total`.
        total: 0 or more.
        note: Cut to 200 characters.

    Raises:
        RuntimeError: Outside of an actor.
        TypeError: `done` or `total` is no number, or `note` no text.
        ValueError: They are out of bounds.
    """
    told = _checked(done, total, note)
    delivery = running_delivery.get()
    if delivery is not None:
        delivery.progress = encoding.encode(told)
    elif current_message_id.get() is None and not _is_called_here.get():
        raise RuntimeError(
            "report_progress() was called outside of an actor: there is no message whose progress "
            "it could tell. Call it inside one; in a thread of its own, pass on the context "
            "(contextvars.copy_context().run)."
        )


@contextmanager
def called_here() -> Iterator[None]:
    """Let reports of an actor that is called, without a message, come to nothing."""
    token = _is_called_here.set(True)
    try:
        yield
    finally:
        _is_called_here.reset(token)


async def awaited_here[R](called: Awaitable[R]) -> R:
    """Do likewise for an actor that is awaited."""
    with called_here():
        return await called


def _checked(done: float, total: float, note: str) -> dict[str, float | str]:
    for name, value in (("done", done), ("total", total)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is a {type(value).__name__}; expected a number.")
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} is {value}; expected 0 or more.")
    if done > total:
        raise ValueError(f"done is {done}, more than the total of {total}.")
    if not isinstance(note, str):
        raise TypeError(f"note is a {type(note).__name__}; expected text.")
    return {"done": done, "total": total, "note": note[:NOTE_LENGTH]}
