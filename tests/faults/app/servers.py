"""The Redis of a site under faults: one that the suite started itself, or a person's own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.faults.workers import BreakableServer


class Redis:
    """A server that can be asked to misbehave. `is_ours`: it can be stopped and killed, too."""

    is_ours = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = redis.Redis.from_url(url, socket_timeout=30)

    def start(self) -> None:
        """Refuse a server that holds somebody's data.

        Raises:
            SystemExit: It does.
        """
        if held := self.client.dbsize():
            raise SystemExit(
                f"{self.url} holds {held} keys; the suite needs a database of its own."
            )

    def stop(self) -> None:
        """Leave it as empty as it was found."""
        self.client.flushdb()
        self.client.close()

    def pause(self, seconds: float) -> None:
        """Let it answer nobody for that long."""
        self.client.client_pause(int(seconds * 1000))
        time.sleep(seconds)

    def cut(self) -> None:
        """Cut every connection but this one."""
        for kind in ("normal", "pubsub"):
            self.client.execute_command("CLIENT", "KILL", "TYPE", kind)

    def empty(self) -> None:
        self.client.flushdb()

    def forget_scripts(self) -> None:
        self.client.script_flush()

    def messages(self) -> int:
        """Return how many messages it holds that have not ended."""
        keys = self.client.scan_iter("dramatiq:*.msgs", count=1000)
        return sum(self.client.hlen(key) for key in keys if not key.endswith(b".XQ.msgs"))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let it take nothing more."""
        limit = self.client.config_get("maxmemory")["maxmemory"]
        self.client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            self.client.config_set("maxmemory", limit)

    def words(self) -> str:
        """Return what it is."""
        with contextlib.suppress(redis.RedisError):
            info = self.client.info("server")
            return f"{info.get('server_name', 'redis')} {info.get('redis_version')}"
        return "unknown"


class OwnRedis(Redis):
    """The embedded server, with a process of its own."""

    is_ours = True

    def __init__(self, folder: Path) -> None:
        self.server = BreakableServer(folder)
        super().__init__(self.server.url)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.client.close()
        self.server.thaw()
        self.server.stop()

    def be_down(self, seconds: float, *, killed: bool = False) -> None:
        """Be away for that long: ended in order, or killed."""
        if killed:
            self.server.kill()
        else:
            self.server.stop()
        time.sleep(seconds)
        self.server.start()

    def freeze(self, seconds: float) -> None:
        """Accept connections for that long, and answer nobody."""
        self.server.freeze()
        try:
            time.sleep(seconds)
        finally:
            self.server.thaw()
