"""Who listens to which channel, on one connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

#: What a listener gets where it should look for itself: its channel has begun, or begun again.
LOOK = b""

type Listener = Callable[[bytes], None]


class Subscriptions:
    """The listeners of each channel."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Listener]] = {}

    def __bool__(self) -> bool:
        return bool(self._listeners)

    @property
    def channels(self) -> list[str]:
        """All channels that somebody listens to."""
        return list(self._listeners)

    def add(self, channel: str, listener: Listener) -> bool:
        """Add a listener; return whether it is the first of its channel."""
        listeners = self._listeners.get(channel)
        if listeners is None:
            self._listeners[channel] = {listener}
            return True
        listeners.add(listener)
        listener(LOOK)
        return False

    def remove(self, channel: str, listener: Listener) -> bool:
        """Remove a listener; return whether it was the last of its channel."""
        listeners = self._listeners.get(channel)
        if listeners is None:
            return False
        listeners.discard(listener)
        if listeners:
            return False
        del self._listeners[channel]
        return True

    def published(self, push: Sequence[Any]) -> None:
        """Tell the listeners what was published; at the beginning of a channel, to look."""
        kind = push[0]
        if kind == b"message":
            data = push[2]
        elif kind == b"subscribe":
            data = LOOK
        else:
            return
        for listener in tuple(self._listeners.get(push[1].decode(), ())):
            listener(data)
