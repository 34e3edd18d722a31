"""A middleware that remembers what failed for good, for tests that ask a broker for it."""

from __future__ import annotations

import dataclasses
from typing import Any

from dramatiq import Broker, Message
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware


class DeadLettersSeen(Middleware):
    """Remembers each message that failed for good, and how to raise its exception again.

    Keeps no exception alive: a test looks whether the worker does. Hook: before nack. Stands last.
    """

    def __init__(self) -> None:
        self.messages: list[Message[Any]] = []
        self._raised: list[tuple[type[BaseException], tuple[Any, ...]]] = []

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Remember the message, and what it raised, where Dramatiq's own `StubBroker` finds it."""
        exception = message._exception or Exception("The message failed.")
        self.messages.append(as_sent(message))
        self._raised.append((type(exception), exception.args))

    def raise_first(self) -> None:
        """Raise what the first of them raised."""
        for kind, args in self._raised:
            raise kind(*args)


def as_sent(message: MessageProxy) -> Message[Any]:
    """Return a message without what a broker on Redis adds to it."""
    options = {name: value for name, value in message.options.items() if name != "redis_message_id"}
    return dataclasses.replace(message._message, options=options)
