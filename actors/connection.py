"""Connections to Redis, and the one place where redis-py's errors become ours.

One synchronous client serves all threads of a process; each event loop has an asynchronous one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from actors import conf
from actors.errors import BrokerUnavailable

#: Seconds. An answer that takes longer is an error. More than a waiting command's `WAIT_SLICE_S`.
ANSWER_TIMEOUT_S = 5.0
#: Connections. redis-py 8 caps a pool at 100, and each thread that waits for a result holds one.
MAX_CONNECTIONS = 1000
#: Connections of one loop: its subscription, and some that look at what it told. Others queue.
MAX_ASYNC_CONNECTIONS = 4

_async_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = (
    WeakKeyDictionary()
)


@cache
def client() -> redis.Redis:
    """Return the process's client. Threads share it; nothing is connected before first use."""
    return redis.Redis.from_url(
        conf.redis_url(),
        max_connections=MAX_CONNECTIONS,
        socket_connect_timeout=conf.send_timeout_s(),
        socket_timeout=ANSWER_TIMEOUT_S,
        # One try more, for a pooled connection that the server closed when it was restarted.
        retry=Retry(NoBackoff(), 1),
    )


def aclient() -> redis.asyncio.Redis:
    """Return the running loop's client."""
    loop = asyncio.get_running_loop()
    if loop not in _async_clients:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            conf.redis_url(),
            max_connections=MAX_ASYNC_CONNECTIONS,
            timeout=ANSWER_TIMEOUT_S,
            socket_connect_timeout=conf.send_timeout_s(),
            # A subscription is silent for as long as nothing happens.
            socket_timeout=None,
            retry=AsyncRetry(NoBackoff(), 0),
        )
        _async_clients[loop] = redis.asyncio.Redis.from_pool(pool)
    return _async_clients[loop]


@contextmanager
def unavailable_as_ours(action: str) -> Iterator[None]:
    """Turn a connection that fails or hangs into `BrokerUnavailable`, which says what to do."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
        raise unavailable(action, error) from error


def unavailable(action: str, error: BaseException) -> BrokerUnavailable:
    """Return the error to raise where `action` failed with `error`."""
    return BrokerUnavailable(
        action=action, reason=str(error) or type(error).__name__, hint=conf.redis_hint()
    )
