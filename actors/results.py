"""Results: the backend behind Dramatiq's `Results`, found by a message's id alone.

A result is a list of one element, so that a thread waits for it with `BLMOVE`, and its arrival is
published, so that any number of coroutines wait on one connection.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Any, Final, cast

from dramatiq import Message
from dramatiq.results import ResultBackend
from dramatiq.results.backend import Missing
from dramatiq.results.errors import ResultMissing as DramatiqResultMissing
from dramatiq.results.errors import ResultTimeout as DramatiqResultTimeout
from dramatiq.results.result import wrap_exception

from actors import subscriptions
from actors.connection import aclient, client, unavailable_as_ours
from actors.failures import failure_of

#: Seconds. A wait is cut into pieces below the client's own timeout for answers.
WAIT_SLICE_S = 2.0
#: What `fetch` returns where there is no result.
MISSING: Final = Missing


class RedisBackend(ResultBackend):
    """Keeps results under the message's id. Built by django-dramatiq."""

    def __init__(self, *, namespace: str = "actors:result", **options: Any) -> None:
        super().__init__(namespace=namespace, **options)

    def build_message_key(self, message: Message[Any]) -> str:
        """Return the key of a message's result."""
        return self.key_of(message.message_id)

    def key_of(self, result_id: str) -> str:
        """Return the key, and the channel, of the result with this id."""
        return f"{self.namespace}:{result_id}"

    def store_result(self, message: Message[Any], result: Any, ttl: int) -> None:
        """Keep a returned value for `ttl` ms; one that is no JSON is kept as a failure."""
        try:
            self._store(self.build_message_key(message), result, ttl)
        except TypeError as error:
            kind = type(result).__name__
            refused = TypeError(f"{message.actor_name} returned a {kind}: {error}")
            self.store_exception(message, refused, ttl)

    def store_exception(self, message: Message[Any], exception: BaseException, ttl: int) -> None:
        """Keep what an actor raised for `ttl` milliseconds."""
        wrapped = wrap_exception(exception)
        wrapped["exn"] = failure_of(exception)
        self._store(self.build_message_key(message), wrapped, ttl)

    def _store(self, message_key: str, result: Any, ttl: int) -> None:
        data = self.encoder.encode(result)
        with unavailable_as_ours("store a result"), client().pipeline() as pipe:
            pipe.delete(message_key)
            pipe.lpush(message_key, data)
            pipe.pexpire(message_key, ttl)
            pipe.publish(message_key, b"")
            pipe.execute()

    def fetch(self, result_id: str, timeout_s: float | None) -> Any:
        """Return the stored value within `timeout_s` seconds (None: for ever), or `MISSING`."""
        key = self.key_of(result_id)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with unavailable_as_ours(f"wait for {result_id}"):
            data = client().lindex(key, 0)
            while data is None and (left_s := _left(deadline)) > 0:
                data = client().blmove(
                    key, key, cast(int, min(left_s, WAIT_SLICE_S)), "LEFT", "LEFT"
                )
        return MISSING if data is None else self.encoder.decode(cast(bytes, data))

    async def afetch(self, result_id: str, timeout_s: float | None) -> Any:
        """Async twin of `fetch`."""
        key = self.key_of(result_id)
        with unavailable_as_ours(f"wait for {result_id}"):
            data = await _peek(key)
            if data is None and timeout_s != 0:
                data = await subscriptions.wait_for(key, lambda: _peek(key), timeout_s)
        return MISSING if data is None else self.encoder.decode(data)

    def get_result(
        self, message: Message[Any], *, block: bool = False, timeout: int | None = None
    ) -> Any:
        """Return a result as Dramatiq's own `Message.get_result` asks for it; milliseconds."""
        timeout_s = (10_000 if timeout is None else timeout) / 1000
        found = self.fetch(message.message_id, timeout_s if block else 0)
        if found is MISSING:
            raise DramatiqResultTimeout(message) if block else DramatiqResultMissing(message)
        return self.unwrap_result(found)


def _left(deadline: float | None) -> float:
    return WAIT_SLICE_S if deadline is None else deadline - time.monotonic()


async def _peek(key: str) -> bytes | None:
    return await cast(Awaitable[bytes | None], aclient().lindex(key, 0))
