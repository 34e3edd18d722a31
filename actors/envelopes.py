"""Messages as they lie on the wire, put together without Dramatiq's own steps where none is missed.

A message without options, sent while no middleware asks to see it, is a few bytes around its
arguments. Everything else goes through `dramatiq.Message`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import dramatiq.message

from actors import encoding
from actors.encoding import FastEncoder, is_simple
from actors.sending import Parcel


class Addressee(Protocol):
    """What a message needs to know of its actor."""

    actor_name: str
    queue_name: str


def sealed(actor: Addressee, args: Sequence[Any]) -> Parcel | None:
    """Return an actor's message, or None where it takes the long way.

    Raises:
        TypeError: An argument has no form in JSON.
    """
    if type(dramatiq.message.global_encoder) is not FastEncoder:
        return None
    for value in args:
        if not is_simple(value):
            check_arguments(actor.actor_name, args, {})
            return None
    message_id = new_id()
    data = (
        b'{"queue_name":"%b","actor_name":"%b","args":%b,"kwargs":{},'
        b'"options":{"redis_message_id":"%b"},"message_id":"%b","message_timestamp":%d}'
    ) % (
        actor.queue_name.encode(),
        actor.actor_name.encode(),
        encoding.encode_simple(args),
        message_id.encode(),
        message_id.encode(),
        time.time() * 1000,
    )
    return Parcel(actor.queue_name, message_id, data, "", actor.actor_name)


def check_arguments(actor_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Refuse what can't be sent, by the name of the argument.

    Raises:
        TypeError: An argument has no form in JSON.
    """
    for name, value in [*enumerate(args, start=1), *kwargs.items()]:
        if is_simple(value):
            continue
        try:
            encoding.encode(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{actor_name}: argument {name} is a {type(value).__name__} and can't be "
                f"sent as JSON ({error}). Send an id or a plain value instead."
            ) from error


def new_id() -> str:
    """Return a new id: a random UUID, version 4."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
