"""Turns the environment of `make run` into what is to run, and into their environment.

Reads the variables that concern starting, through `project.env`; the settings read the rest.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from project.dev.child import Program
from project.env import env_int, env_str

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
WORKERS = 2
#: Milliseconds. A worker told to stop lets its messages end that long.
WORKER_SHUTDOWN_TIMEOUT_MS = 30_000
#: Seconds that open requests get when the web process is told to stop; streams end at once.
WEB_SHUTDOWN_TIMEOUT_S = 3


@dataclass(frozen=True)
class Plan:
    """One run: where it serves, where its data lies, and which servers are somebody else's."""

    port: int
    data_dir: Path
    #: None where MAIL_URL names a server already.
    mail_port: int | None
    is_redis_embedded: bool

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the site."""
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process; what the person set is kept."""
        ours = {"DEVELOPMENT": "1", "BASE_URL": self.url}
        if self.mail_port is not None:
            ours["MAIL_URL"] = f"smtp://{HOST}:{self.mail_port}"
        fixed = {
            "DATA_DIR": str(self.data_dir),
            "DARKROOM_SUPERVISED": "1",
            "PYTHONUNBUFFERED": "1",
        }
        return ours | {name: value for name, value in os.environ.items() if value} | fixed

    @property
    def preparation(self) -> Program:
        """What runs once, before anything serves."""
        return _python("prepare", "project.dev.prepare")

    @property
    def programs(self) -> Iterator[Program]:
        """What runs until the end, beside the embedded server."""
        if self.mail_port is not None:
            words = (str(self.mail_port), str(self.data_dir / "mail"))
            yield replace(_python("mail", "project.dev.mail_server", *words), ends_last=True)
        yield _web(self.port)
        for number in range(1, WORKERS + 1):
            yield _worker(f"worker-{number}")


def plan_from_environment() -> Plan:
    """Return the plan for PORT, DATA_DIR, REDIS_URL and MAIL_URL.

    Raises:
        ImproperlyConfigured: Where PORT is no port.
    """
    port = env_int("PORT", 8000, at_least=1)
    if port > 65_535:
        raise ImproperlyConfigured(f"PORT is '{port}'; expected a number from 1 to 65535.")
    return Plan(
        port=port,
        data_dir=Path(env_str("DATA_DIR", str(BASE_DIR / "var"))).resolve(),
        mail_port=None if env_str("MAIL_URL", "") else _free_port(),
        is_redis_embedded=not env_str("REDIS_URL", ""),
    )


def _web(port: int) -> Program:
    options = {
        "--host": HOST,
        "--port": str(port),
        "--loop": "uvloop",
        "--http": "httptools",
        "--lifespan": "on",
        "--timeout-graceful-shutdown": str(WEB_SHUTDOWN_TIMEOUT_S),
    }
    words = (word for option in options.items() for word in option)
    return _python("web", "uvicorn", "asgi:application", *words, "--no-server-header")


def _worker(name: str) -> Program:
    options = {
        "--processes": "1",
        "--threads": "2",
        "--worker-shutdown-timeout": str(WORKER_SHUTDOWN_TIMEOUT_MS),
        "--path": str(BASE_DIR),
    }
    words = (word for option in options.items() for word in option)
    worker = _manage(name, "rundramatiq", *words)
    # Niced, so that pages are answered first when the machine is busy developing.
    return _python(name, "project.niceness", "10", *worker.argv)


def _manage(name: str, *words: str) -> Program:
    return Program(name, (sys.executable, str(BASE_DIR / "manage.py"), *words))


def _python(name: str, module: str, *words: str) -> Program:
    return Program(name, (sys.executable, "-m", module, *words))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
