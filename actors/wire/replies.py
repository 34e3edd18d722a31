"""What Redis answers: the reader, and its errors as ours."""

from __future__ import annotations

import hiredis

from actors import conf
from actors.errors import BrokerUnavailable

#: An error that Redis answered, such as WRONGTYPE.
ReplyError = hiredis.ReplyError


def reader() -> hiredis.Reader:
    """Return a reader of replies: errors come as values, bytes stay bytes."""
    return hiredis.Reader()


def unavailable(action: str, error: BaseException) -> BrokerUnavailable:
    """Return the error to raise where `action` failed with `error`."""
    reason = str(error) or type(error).__name__
    return BrokerUnavailable(
        action=action,
        reason=reason,
        hint=conf.redis_hint(),
        is_refused=isinstance(error, ReplyError),
    )


class ConnectionLost(OSError):
    """The other side hung up."""

    def __init__(self) -> None:
        super().__init__("the connection was closed by the server")


class NoAnswer(TimeoutError):
    """No answer within the deadline."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"no answer within {timeout_s:g} s")
