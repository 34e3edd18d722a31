"""Writes what the supervisor and its processes say, each line under the name that said it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

#: Characters; the longest name of a process.
NAME_WIDTH = 8
_COLOURS = (36, 32, 33, 35, 34, 31)


class Console:
    """Standard output in lines; tells once when nobody reads it any more."""

    def __init__(self, on_gone: Callable[[], None]) -> None:
        self._on_gone = on_gone
        self._is_coloured = sys.stdout.isatty()
        self._colours: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Write a line of the supervisor's own."""
        self._write(f"\033[1m{text}\033[0m" if self._is_coloured else text)

    def relay(self, name: str, line: str) -> None:
        """Write a line that the process `name` wrote."""
        prefix = f"{name:<{NAME_WIDTH}} |"
        if self._is_coloured:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\033[{colour}m{prefix}\033[0m"
        self._write(f"{prefix} {line}")

    def _write(self, line: str) -> None:
        try:
            print(line, flush=True)
        except OSError:  # the terminal or the pipe is closed; more of it would only raise again
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._on_gone()
