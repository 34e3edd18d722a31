"""A client of redis-py on the same server, for what needs no speed: tools and tests."""

from __future__ import annotations

from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from actors import conf


@cache
def client() -> redis.Redis:
    """Return the process's client. Threads share it; nothing is connected before first use."""
    return redis.Redis.from_url(
        conf.redis_url(),
        socket_connect_timeout=conf.send_timeout_s(),
        # One try more, for a pooled connection that the server closed when it was restarted.
        retry=Retry(NoBackoff(), 1),
    )
