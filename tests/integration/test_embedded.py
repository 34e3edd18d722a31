"""The embedded server, really started."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.dev import embedded
from project.paths import embedded_socket
from tests.valkey_server import ValkeyServer


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dk-") as folder:
        yield Path(folder)


@pytest.fixture
def server(data_dir: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(data_dir)
    yield server
    server.kill()


def ask(data_dir: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(embedded_socket(data_dir)))
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(4096).decode()


def test_data_outlives_an_orderly_end(server: ValkeyServer, data_dir: Path) -> None:
    server.start()
    ask(data_dir, "SET kept yes")

    server.stop()
    server.start()

    assert "yes" in ask(data_dir, "GET kept")


def test_it_keeps_everything_and_forgets_nothing_under_pressure(
    server: ValkeyServer, data_dir: Path
) -> None:
    server.start()

    assert "\r\nyes\r\n" in ask(data_dir, "CONFIG GET appendonly")
    assert "\r\neverysec\r\n" in ask(data_dir, "CONFIG GET appendfsync")
    assert "\r\nnoeviction\r\n" in ask(data_dir, "CONFIG GET maxmemory-policy")


def test_nobody_else_may_enter(server: ValkeyServer, data_dir: Path) -> None:
    server.start()

    path = embedded_socket(data_dir)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "\r\n0\r\n" in ask(data_dir, "CONFIG GET port")


def test_a_long_data_dir_gets_its_socket_elsewhere(data_dir: Path) -> None:
    long_dir = data_dir / ("long-" * 25)
    server = ValkeyServer(long_dir)

    try:
        server.start()

        assert ask(long_dir, "PING") == "+PONG\r\n"
        assert (long_dir / "valkey" / "appendonlydir").is_dir()
    finally:
        server.stop()
        embedded_socket(long_dir).parent.rmdir()


def test_a_server_that_was_left_over_is_ended(server: ValkeyServer, data_dir: Path) -> None:
    path = embedded_socket(data_dir)
    server.start()

    assert embedded.shut_down(path, within_s=5)

    assert not embedded.is_serving(path)


def test_where_none_is_left_nothing_is_to_be_ended(data_dir: Path) -> None:
    assert embedded.shut_down(embedded_socket(data_dir), within_s=0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(data_dir: Path) -> None:
    (data_dir / "valkey").mkdir()
    os.chown(data_dir / "valkey", 12345, -1)

    with pytest.raises(embedded.UnsafeFolder, match="belongs to another user"):
        embedded.valkey(data_dir)
