"""Other arguments for a dead letter, typed by a person as JSON."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any

import dramatiq
from dramatiq import Message

from actors.dead_letters.requeueing import message_of
from actors.errors import ActorsError
from actors.facade import Actor
from actors.models import DeadLetter

_EXPECTED = (
    'expected a JSON list of positional arguments, [4, 5], or an object {"args": [4], '
    '"kwargs": {"y": 5}}'
)


class WrongArguments(ActorsError):
    """The text is no JSON of arguments, or the actor does not take them."""


def edited(letter: DeadLetter, text: str) -> Message[Any]:
    """Return the letter's message with the arguments of `text`, for `requeue`.

    Raises:
        WrongArguments: They are none, or do not fit; the text says why.
        CannotRequeue: The letter is no message.
    """
    args, kwargs = _parsed(text)
    actor = dramatiq.get_broker().actors.get(letter.actor_name)
    if actor is None:
        raise WrongArguments(
            f"{letter.actor_name}: no such actor here, so its arguments can't be checked."
        )
    function = (actor.coroutine_function if isinstance(actor, Actor) else None) or actor.fn
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise WrongArguments(
            f"{letter.actor_name}{signature} does not take them: {error}"
        ) from error
    return dataclasses.replace(message_of(letter), args=tuple(args), kwargs=kwargs)


def _parsed(text: str) -> tuple[list[Any], dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise WrongArguments(f"{text!r} is no JSON ({error}); {_EXPECTED}") from error
    if isinstance(found, list):
        return found, {}
    if isinstance(found, dict) and found.keys() <= {"args", "kwargs"}:
        args, kwargs = found.get("args", []), found.get("kwargs", {})
        if isinstance(args, list) and isinstance(kwargs, dict):
            return args, kwargs
    raise WrongArguments(f"{text!r} is something else; {_EXPECTED}")
