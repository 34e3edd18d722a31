"""A process of the site that takes orders: it signs people up, and reads what became of all.

`python -m tests.faults.app.inside` in the site's environment; `Inside` is the suite's end of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent.parent


class Died(Exception):
    """The process was killed before it answered."""


class Inside:
    """Starts the process, again where it died; each call is one order."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def ask(self, do: str, **order: Any) -> Any:
        """Return the answer to an order.

        Raises:
            Died: The process ended; what it was asked may have been done.
            RuntimeError: It refused, with the error's name and words.
        """
        with self._one_at_a_time:
            answer = self._ask(json.dumps({"do": do, **order}))
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    @property
    def pid(self) -> int | None:
        """The process, which leads a group of its own; None where none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def stop(self) -> None:
        with self._one_at_a_time:
            self._close()

    def _ask(self, line: str) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._close()
            raise Died
        told: dict[str, Any] = json.loads(answer)
        return told

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.app.inside"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        return self._process

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdout is not None
        process.kill()
        process.communicate()


def serve() -> None:
    """Carry out orders until there are no more."""
    import django

    django.setup()
    from django.db import close_old_connections

    from tests.faults.app import orders

    for line in sys.stdin:
        order = json.loads(line)
        close_old_connections()
        try:
            answer = {"value": getattr(orders, order.pop("do"))(**order)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        close_old_connections()
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
