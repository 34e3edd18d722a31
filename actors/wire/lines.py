"""Blocking connections, for threads. Each call borrows one for one exchange."""

from __future__ import annotations

import os
import select
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import hiredis

from actors import conf
from actors.wire.address import KEEPALIVE_S, Address, address_of
from actors.wire.replies import ConnectionLost, NoAnswer, ReplyError, reader, unavailable
from actors.wire.scripts import Command, pack, unknown_to_server

_idle: defaultdict[str, list[Line]] = defaultdict(list)


class Line:
    """One blocking connection. Not for two threads at once."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        self._reader = reader()
        self._socket = _connect(address, timeout_s)
        try:
            for answer in self.exchange(address.hello(), deadline):
                if isinstance(answer, ReplyError):
                    raise answer
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """Return the socket's descriptor, for `select`."""
        return self._socket.fileno()

    def is_fresh(self) -> bool:
        """Return whether nothing is to be read: an idle server only speaks to hang up."""
        return not select.select([self._socket], [], [], 0)[0]

    def send(self, commands: Sequence[Command], deadline: float) -> None:
        """Write commands, without waiting for their answers."""
        packed = b"".join([pack(command) for command in commands])
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(packed)

    def receive(self, deadline: float) -> Any:
        """Return the next answer; an error of Redis is returned, not raised."""
        while (answer := self._reader.gets()) is False:
            self._socket.settimeout(_left(deadline))
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionLost
            self._reader.feed(data)
        return answer

    def has_answer(self, timeout_s: float) -> bool:
        """Return whether something can be read within the time."""
        return self._reader.has_data() or bool(
            select.select([self._socket], [], [], max(timeout_s, 0.0))[0]
        )

    def exchange(self, commands: Sequence[Command], deadline: float) -> list[Any]:
        """Send commands and return their answers."""
        self.send(commands, deadline)
        answers = [self.receive(deadline) for _ in commands]
        for index, answer in enumerate(answers):
            if isinstance(answer, ReplyError) and (
                lesson := unknown_to_server(commands[index], answer)
            ):
                answers[index] = self.exchange([lesson, commands[index]], deadline)[1]
        return answers

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def call(*command: Any, action: str, url: str | None = None) -> Any:
    """Return the answer to one command, within `ACTORS_SEND_TIMEOUT_S`.

    Raises:
        BrokerUnavailable: None came in time, or Redis answered with an error.
    """
    answer = call_many([command], action=action, url=url)[0]
    if isinstance(answer, ReplyError):
        raise unavailable(action, answer) from answer
    return answer


def call_many(commands: Sequence[Command], *, action: str, url: str | None = None) -> list[Any]:
    """Return the answers to commands sent in one write; errors of Redis are among them.

    Raises:
        BrokerUnavailable: Not all came in time.
    """
    url = url or conf.redis_url()
    deadline = time.monotonic() + conf.send_timeout_s()
    line: Line | None = None
    try:
        line = _borrow(url, deadline)
        answers = line.exchange(commands, deadline)
    except (OSError, hiredis.HiredisError) as error:
        if line is not None:
            line.close()
        raise unavailable(action, error) from error
    except BaseException:
        # Interrupted between two reads: what is left of the answer must not meet the next call.
        if line is not None:
            line.close()
        raise
    _idle[url].append(line)
    return answers


def close_idle() -> None:
    """Hang up every connection that nobody uses now."""
    for idle in _idle.values():
        while idle:
            idle.pop().close()


def _borrow(url: str, deadline: float) -> Line:
    idle = _idle[url]
    while idle:
        try:
            line = idle.pop()
        except IndexError:
            break
        if line.is_fresh():
            return line
        line.close()
    return Line(address_of(url), _left(deadline))


def _connect(address: Address, timeout_s: float) -> socket.socket:
    if address.path is not None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect(address.path)
        except OSError:
            connection.close()
            raise
        return connection
    deadline = time.monotonic() + timeout_s
    connection = socket.create_connection((address.host, address.port), timeout_s)
    keep_alive(connection)
    if address.tls is None:
        return connection
    try:
        connection.settimeout(_left(deadline))
        return address.tls.wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise


def keep_alive(connection: Any) -> None:
    """Have small writes leave at once, and a vanished server noticed."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), KEEPALIVE_S)


def _left(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise NoAnswer(conf.send_timeout_s())
    return left_s


if hasattr(os, "register_at_fork"):
    # A connection belongs to the process that opened it.
    os.register_at_fork(after_in_child=_idle.clear)
