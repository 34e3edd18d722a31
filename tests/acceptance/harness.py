"""Starts Darkroom as `make run` does, and lets a test use it, look into it and break it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.ports import free_port
from tests.valkey_server import ValkeyServer
from tests.waiting import eventually

BASE_DIR = Path(__file__).resolve().parent.parent.parent
PASSWORD = "a long enough passphrase"
#: Seconds. From the start on an empty data directory until the site serves, on a busy machine.
READY_WITHIN_S = 60.0
#: What a developer's or the test run's own environment must not bring in.
_NOT_INHERITED = {
    *("BASE_URL", "DATABASE_URL", "DATA_DIR", "DEBUG", "DEVELOPMENT", "DJANGO_SETTINGS_MODULE"),
    *("MAIL_URL", "PORT", "REDIS_URL", "SECRET_KEY", "UPLOAD_MAX_MB"),
}


def living_members(group_id: int) -> list[int]:
    """Return the processes of a process group that have not ended, whoever their parent is."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,pid=,stat="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return [int(pid) for group, pid, stat in rows if int(group) == group_id and stat[0] not in "ZX"]


class Run:
    """One `python -m project.dev`: its process, its data, what it has written."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self.port = int(variables.get("PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        self.env = inherited | {"DATA_DIR": str(data_dir), "PORT": str(self.port)} | variables
        self.log: list[str] = []
        self._clients: list[httpx.Client] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None, "This run has not been started."
        return self._process

    def start(self, *, in_shell: bool = False) -> None:
        """Start it, without waiting for it to serve; `process` may be a shell around it."""
        command = [sys.executable, "-m", "project.dev"]
        self._process = subprocess.Popen(
            ["sh", "-c", f"{shlex.join(command)} & wait"] if in_shell else command,
            cwd=BASE_DIR,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, f"It ended instead of serving.\n{self.words()}"
            return any(line.startswith("Darkroom is ready") for line in list(self.log))

        try:
            eventually(is_ready, within=READY_WITHIN_S, what="Darkroom is ready")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.words()}") from None

    def wait_until_ended(self, within: float) -> int:
        """Return the exit status; fails if it has not ended by then."""
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"Still running after {within} s.\n{self.words()}") from None
        self._reader.join(5)
        return status

    def stop(self) -> None:
        """End it as a test's last step; kills what does not end."""
        for client in self._clients:
            client.close()
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(15)
        finally:
            self._process.kill()
            self._process.wait(5)
            self._reader.join(5)
            if self._process.stdout is not None:
                self._process.stdout.close()

    def words(self, lines: int = 60) -> str:
        """Return the last lines it wrote."""
        return "\n".join(self.log[-lines:])

    def manage(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a `manage.py` command in the environment of a person at a terminal."""
        environment = self.env | {"DEVELOPMENT": "1"} | variables
        command = [sys.executable, str(BASE_DIR / "manage.py"), *words]
        return subprocess.run(
            command,
            cwd=BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def pid(self, name: str) -> int:
        """Return the id of the process of that name: web, worker-1, worker-2, mail, valkey."""
        return int((self.data_dir / "run" / f"{name}.pid").read_text())

    def pids(self) -> dict[str, int]:
        """Return the id of every process that runs now."""
        state = json.loads((self.data_dir / "run" / "state.json").read_text())
        return {name: entry["pid"] for name, entry in state["processes"].items()}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Signal a process and all that it started; return the id it had."""
        pid = self.pid(name)
        os.killpg(pid, number)
        return pid

    def wait_for_successor(self, name: str, of: int, within: float = 30.0) -> int:
        """Return the id of the process that took the place of `of`."""

        def successor() -> int:
            current = self.pids().get(name, of)
            return 0 if current == of else current

        return eventually(successor, within=within, what=f"{name} runs again")

    def client(self) -> httpx.Client:
        """Return a client of its own session; closed with this run."""
        client = httpx.Client(base_url=self.url, timeout=30.0)
        self._clients.append(client)
        return client

    def sign_up(self, email: str, password: str = PASSWORD) -> httpx.Client:
        """Sign up through the page, as a browser does; return the client, logged in.

        Its requests carry the CSRF token.
        """
        client = self.client()
        client.get("/accounts/sign-up/").raise_for_status()
        form = {
            "email": email,
            "password": password,
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }
        answer = client.post("/accounts/sign-up/", data=form)
        assert answer.status_code == 302, f"Sign-up answered {answer.status_code}:\n{answer.text}"
        client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
        return client

    def token(self, email: str) -> str:
        """Return a new API token of that person, who is created if need be."""
        made = self.manage("create_token", email, "--create")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def api(self, email: str) -> httpx.Client:
        """Return a client with an API token of that person; closed with this run."""
        client = self.client()
        client.headers["Authorization"] = f"Bearer {self.token(email)}"
        return client

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))


@contextmanager
def running(**variables: str) -> Iterator[Run]:
    """Give a run on an empty data directory, ready, and end it."""
    with tempfile.TemporaryDirectory(prefix="dk-") as folder:
        run = Run(Path(folder), **variables)
        try:
            run.start()
            run.wait_until_ready()
            yield run
        finally:
            print(run.words(lines=200))  # pytest shows it where a test failed
            run.stop()


class Stack(Run):
    """A run whose Redis is the test's own, so that a test can take it away and bring it back."""

    def __init__(self, data_dir: Path, *, redis: ValkeyServer, **variables: str) -> None:
        super().__init__(data_dir, REDIS_URL=redis.url, **variables)
        self._redis = redis
        self.redis_url = redis.url

    def stop_redis(self) -> None:
        self._redis.stop()

    def kill_redis(self) -> None:
        self._redis.kill()

    def start_redis(self) -> None:
        self._redis.start()

    def wait_until_image(
        self, client: httpx.Client, image_id: str, state: str, within: float = 60.0
    ) -> dict[str, Any]:
        """Return the image as the API shows it, as soon as it is in that state."""

        def image() -> dict[str, Any] | None:
            shown: dict[str, Any] = client.get(f"/api/images/{image_id}").raise_for_status().json()
            ended = {"ready", "failed"} - {state}
            assert shown["state"] not in ended, f"{shown}\n{self.words()}"
            return shown if shown["state"] == state else None

        return eventually(image, within=within, what=f"image {image_id} is {state}")
