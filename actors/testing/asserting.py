"""What a test says of the messages that were sent."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import dramatiq
from dramatiq import Message

from actors import encoding
from actors.testing.capturing import LIMIT, Sent, StubBroker


def assert_sent(
    actor: dramatiq.Actor[..., Any],
    /,
    *args: Any,
    times: int | None = None,
    queue: str | None = None,
    **kwargs: Any,
) -> list[Message[Any]]:
    """Check that an actor was sent these arguments; return the messages.

    Arguments that are not given may have been anything, and whether one was sent by place or by
    name is the same. `times`: just so often (0: never), else once or more. `queue`: on this one.

        assert_sent(add, 4, y=5)
        assert_sent(add, times=0)

    Raises:
        AssertionError: They were not; it lists what was.
    """
    __tracebackhide__ = True
    broker = _stub_broker()
    expected = _by_name(actor, args, kwargs)
    found = [
        each.message
        for each in broker.sent
        if each.message.actor_name == actor.actor_name
        and queue in (None, each.message.queue_name)
        and _matches(expected, _by_name(actor, each.message.args, each.message.kwargs))
    ]
    if len(found) != times if times is not None else not found:
        call = _call(actor.actor_name, args, kwargs, queue)
        raise AssertionError(_complaint(call, times, len(found), broker.sent))
    return found


def run_sent(*, raises: bool = True, limit: int = LIMIT) -> int:
    """Run what was sent, in order, and what that sends; return how many messages.

    Delayed ones run with the others, at once.

    Raises:
        Exception: What an actor raised, unless `raises` is False. The rest can still be run.
        AssertionError: After `limit` messages there are more.
        RuntimeError: Under a running event loop.
    """
    return _stub_broker().run_sent(raises=raises, limit=limit)


async def arun_sent(*, raises: bool = True, limit: int = LIMIT) -> int:
    """Async twin of `run_sent`."""
    return await _stub_broker().arun_sent(raises=raises, limit=limit)


def _stub_broker() -> StubBroker:
    broker = dramatiq.get_broker()
    if not isinstance(broker, StubBroker):
        raise RuntimeError(
            "Nothing captures what is sent here: use the fixture `stub_broker`, or "
            "`with capture():` from actors.testing."
        )
    return broker


def _by_name(
    actor: dramatiq.Actor[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return arguments by the names of the actor's parameters."""
    try:
        return dict(inspect.signature(actor.fn).bind_partial(*args, **kwargs).arguments)
    except TypeError:
        # The actor does not take them: they still can be compared with what was sent.
        return {**{str(place): value for place, value in enumerate(args)}, **kwargs}


def _matches(expected: dict[str, Any], sent: dict[str, Any]) -> bool:
    return all(
        name in sent and _as_sent(value) == _as_sent(sent[name]) for name, value in expected.items()
    )


def _as_sent(value: Any) -> Any:
    """Return a value as JSON gives it back; what has no form there may compare by itself."""
    try:
        return encoding.decode(encoding.encode(value))
    except (TypeError, ValueError):
        return value


def _call(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], queue: str | None) -> str:
    told = [*map(repr, args), *(f"{each}={value!r}" for each, value in kwargs.items())]
    where = f" on queue {queue}" if queue else ""
    return f"{name}({', '.join(told) or '...'}){where}"


def _complaint(call: str, times: int | None, found: int, sent: Sequence[Sent]) -> str:
    wanted = "at least once" if times is None else f"{times} times"
    listed = "\n".join(f"  {number}. {each}" for number, each in enumerate(sent, start=1))
    told = f"What was sent:\n{listed}" if sent else "Nothing was sent."
    return f"Expected {call} to be sent {wanted}, found {found}. {told}"
