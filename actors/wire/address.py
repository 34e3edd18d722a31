"""Where Redis is: a URL in redis-py's form, and what is said first on a new connection.

redis-py itself is asked only where a URL has options: it takes some 20 MB of each process.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

#: Seconds of silence after which the kernel asks whether the other side is still there.
KEEPALIVE_S = 20


@dataclass(frozen=True)
class Address:
    """One server, with what it takes to be let in."""

    host: str
    port: int
    path: str | None
    username: str | None
    password: str | None
    db: int
    tls: ssl.SSLContext | None

    def hello(self) -> list[tuple[str, ...]]:
        """Return the commands that open a connection: protocol 3, login, database, a name."""
        login = ("AUTH", self.username or "default", self.password) if self.password else ()
        chosen = [("SELECT", str(self.db))] if self.db else []
        return [("HELLO", "3", *login, "SETNAME", "actors"), *chosen]


@cache
def address_of(url: str) -> Address:
    """Return what a `redis://`, `rediss://` or `unix://` URL says.

    Raises:
        ValueError: redis-py would not take it either.
    """
    told = _told(url)
    is_tls = "SSL" in getattr(told.pop("connection_class", None), "__name__", "")
    return Address(
        host=told.get("host", "localhost"),
        port=int(told.get("port", 6379)),
        path=told.get("path"),
        username=told.get("username"),
        password=told.get("password"),
        db=int(told.get("db", 0)),
        tls=_tls(told) if is_tls else None,
    )


def _told(url: str) -> dict[str, Any]:
    """Return what redis-py's `parse_url` returns."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "unix") or parts.query:
        from redis.connection import parse_url

        told: dict[str, Any] = parse_url(url)
        return told
    found = {"username": parts.username, "password": parts.password}
    if parts.scheme == "unix":
        found["path"] = parts.path
    else:
        found["host"] = parts.hostname
    told = {name: unquote(text) for name, text in found.items() if text}
    if parts.port:
        told["port"] = parts.port
    number = unquote(parts.path).replace("/", "")
    return told | ({"db": int(number)} if parts.scheme == "redis" and number.isdecimal() else {})


def _tls(told: dict[str, Any]) -> ssl.SSLContext:
    import redis.asyncio

    # redis-py's own reading of its ssl_* options, and its safe defaults.
    options = {name: value for name, value in told.items() if name.startswith("ssl_")}
    return redis.asyncio.SSLConnection(**options).ssl_context.get()
