"""What chains and groups have in common: how their messages are copied and sent."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import dramatiq
from asgiref.sync import sync_to_async
from dramatiq import Message
from dramatiq.common import q_name

from actors import envelopes, outbox

if TYPE_CHECKING:
    from actors.broker import RedisBroker

#: What an earlier send left in a message.
_OF_EARLIER_SENDS = frozenset({"redis_message_id", "eta"})

#: Whether the transaction that messages leave with has committed; None where there is none.
type Committed = Callable[[], bool] | None


@dataclasses.dataclass
class Copies[H]:
    """What one `delay` sends. `messages`: those that go now, the others are in them."""

    messages: list[Message[Any]]
    handle: Callable[[Committed], H]


class Composition[H]:
    """A `chain` or a `group`: it can be sent any number of times, each time with new ids."""

    def _copy(self, options: dict[str, Any]) -> Copies[H]:
        """Return messages with ids of their own; those that end it carry `options`."""
        raise NotImplementedError

    def delay(self) -> H:
        """Send it, to run in workers; inside `atomic()`, when it commits.

        Raises:
            BrokerUnavailable: Redis can't be reached (inside `atomic()` it is not asked).
        """
        if outbox.in_transaction():
            return self.delay_on_commit()
        copies = self._copy({})
        if len(copies.messages) == 1:
            (message,) = copies.messages
            _broker().enqueue(message, delay=_delay_ms(message))
        else:
            _broker().enqueue_many(_in_few_trips(copies.messages))
        return copies.handle(None)

    async def adelay(self) -> H:
        """Async twin of `delay`. There is no transaction to join under a running loop."""
        copies = self._copy({})
        if len(copies.messages) == 1:
            (message,) = copies.messages
            await _broker().aenqueue(message, delay=_delay_ms(message))
        else:
            await _broker().aenqueue_many(_in_few_trips(copies.messages))
        return copies.handle(None)

    def delay_on_commit(self) -> H:
        """Store it with the surrounding transaction, to be sent after it commits, or never.

        Without a transaction around it is stored in one of its own.
        """
        copies = self._copy({})
        stored = outbox.store_many((message, _due_at(message)) for message in copies.messages)
        return copies.handle(stored.is_committed)

    async def adelay_on_commit(self) -> H:
        """Store it in a transaction of its own, and send it: there is none to join here."""
        return await sync_to_async(self.delay_on_commit)()


def checked(value: Any, owner: str) -> Message[Any]:
    """Return a message whose arguments can be sent.

    Raises:
        TypeError: It is no message, or an argument has no form in JSON.
    """
    if not isinstance(value, Message):
        hint = ""
        if isinstance(value, dramatiq.Actor):
            hint = f" Write {value.actor_name}.message(...), with its arguments."
        raise TypeError(
            f"{owner}: expected messages such as add.message(4, 5), got {value!r}, "
            f"a {type(value).__name__}.{hint}"
        )
    envelopes.check_arguments(value.actor_name, value.args, value.kwargs)
    return value


def fresh(message: Message[Any], options: dict[str, Any]) -> Message[Any]:
    """Return a message as if never sent, with an id of its own and these options besides."""
    kept = {name: v for name, v in message.options.items() if name not in _OF_EARLIER_SENDS}
    return dataclasses.replace(
        message,
        queue_name=q_name(message.queue_name),
        options={**kept, **options},
        message_id=envelopes.new_id(),
        message_timestamp=int(time.time() * 1000),
    )


def _in_few_trips(messages: list[Message[Any]]) -> list[tuple[Message[Any], int | None]]:
    """Return messages with their delays, those of one queue together."""
    ordered = sorted(messages, key=lambda message: message.queue_name)
    return [(message, _delay_ms(message)) for message in ordered]


def _delay_ms(message: Message[Any]) -> int | None:
    """Return the message's own `delay`, which Dramatiq's pipelines honour, too."""
    return message.options.get("delay") or None


def _due_at(message: Message[Any]) -> datetime | None:
    delay_ms = _delay_ms(message)
    return None if delay_ms is None else datetime.now(UTC) + timedelta(milliseconds=delay_ms)


def _broker() -> RedisBroker:
    return cast("RedisBroker", dramatiq.get_broker())
