"""Books the CPU of all threads of this process on the Python functions that use it.

Each start and end of a function reads its thread's own CPU clock, so waiting costs nothing. What
the reading takes is taken out again, as far as it is known: look at the shares. Samples would not
do: the interpreter's lock lets a sampler look mostly while the others wait.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType
from typing import Any

from benchmarks.queues import ROOT

STDLIB = str(Path(os.__file__).parent)
#: Where no function that started under our eyes is running.
OUTSIDE = "event loop, and what was entered before"
_monitoring = sys.monitoring
_TOOL = _monitoring.PROFILER_ID
_ENTER = ("PY_START", "PY_RESUME", "PY_THROW")
_LEAVE = ("PY_RETURN", "PY_YIELD", "PY_UNWIND")


class Spent:
    """Nanoseconds of one function where it works for one file: itself, and with what it calls."""

    __slots__ = ("all_ns", "file", "function", "own_ns")

    def __init__(self, file: str, function: str) -> None:
        self.file, self.function, self.own_ns, self.all_ns = file, function, 0, 0


class ThreadStack:
    """The functions that a thread is in, each with what it used so far; and when we left it."""

    __slots__ = ("frames", "left_at")

    def __init__(self) -> None:
        self.frames: list[tuple[Spent, list[int]]] = []
        self.left_at = time.thread_time_ns()


class Profiler:
    """Runs from `start` to `stop`."""

    def __init__(self) -> None:
        self._stacks: defaultdict[int, ThreadStack] = defaultdict(ThreadStack)
        self._spent: dict[tuple[str | None, CodeType], Spent] = {}
        #: Nanoseconds that the clock shows between two events with nothing between them.
        self._empty_ns = 0
        self._outside = Spent(OUTSIDE, OUTSIDE)

    def start(self) -> None:
        _monitoring.use_tool_id(_TOOL, "benchmark")
        for hook, names in ((self._enter, _ENTER), (self._leave, _LEAVE)):
            for name in names:
                _monitoring.register_callback(_TOOL, getattr(_monitoring.events, name), hook)
        events = sum(getattr(_monitoring.events, name) for name in (*_ENTER, *_LEAVE))
        _monitoring.set_events(_TOOL, events)
        self._calibrate()

    def stop(self) -> dict[str, dict[str, float]]:
        """Return seconds by file, by function itself, and by function with what it calls."""
        _monitoring.set_events(_TOOL, 0)
        _monitoring.free_tool_id(_TOOL)
        told: dict[str, defaultdict[str, float]] = {
            kind: defaultdict(float) for kind in ("files", "functions", "callers")
        }
        for spent in (self._outside, *self._spent.values()):
            told["files"][spent.file] += spent.own_ns / 1e9
            told["functions"][spent.function] += spent.own_ns / 1e9
            told["callers"][spent.function] += spent.all_ns / 1e9
        return told  # type: ignore[return-value]

    def _enter(self, code: CodeType, *_: Any) -> None:
        now = time.thread_time_ns()
        stack = self._stacks[threading.get_ident()]
        taken, caller = max(now - stack.left_at - self._empty_ns, 0), None
        if stack.frames:
            caller, used = stack.frames[-1]
            used[0] += taken
        else:
            self._outside.own_ns += taken
        stack.frames.append((self._of(code, caller), [0, 0]))
        stack.left_at = time.thread_time_ns()

    def _leave(self, code: CodeType, *_: Any) -> None:
        now = time.thread_time_ns()
        stack = self._stacks[threading.get_ident()]
        # One that was entered before we came is not on our stack.
        spent, used = stack.frames.pop() if stack.frames else (self._of(code, None), [0, 0])
        used[0] += max(now - stack.left_at - self._empty_ns, 0)
        spent.own_ns += used[0]
        spent.all_ns += used[0] + used[1]
        if stack.frames:
            stack.frames[-1][1][1] += used[0] + used[1]
        stack.left_at = time.thread_time_ns()

    def _of(self, code: CodeType, caller: Spent | None) -> Spent:
        """Return where to book a function; the standard library works for its caller's file."""
        path = code.co_filename
        owner = caller.file if caller and _is_library(path) else None
        if (spent := self._spent.get((owner, code))) is None:
            function = f"{_short(path)}: {code.co_qualname}"
            spent = self._spent[owner, code] = Spent(owner or _short(path), function)
        return spent

    def _calibrate(self) -> None:
        def nothing() -> None:
            pass

        seen = []
        spent = self._of(nothing.__code__, None)
        for _ in range(2_000):
            before = spent.own_ns
            nothing()
            seen.append(spent.own_ns - before)
        self._empty_ns = int(statistics.median(seen))
        self._outside.own_ns = 0
        self._spent.clear()
        self._stacks.clear()


def profile_until_told(folder: Path) -> None:
    """Profile this process until a file `stop` is there; leave `profile-<pid>.json`."""
    profiler = Profiler()
    profiler.start()

    def wait() -> None:
        while not (folder / "stop").exists():
            time.sleep(0.2)
        path = folder / f"profile-{os.getpid()}.json"
        path.with_suffix(".new").write_text(json.dumps(profiler.stop()))
        path.with_suffix(".new").rename(path)

    threading.Thread(target=wait, daemon=True).start()


def _is_library(path: str) -> bool:
    return path.startswith("<") or (path.startswith(STDLIB) and "site-packages" not in path)


def _short(path: str) -> str:
    path = path.rpartition("site-packages/")[2]
    return path.removeprefix(f"{STDLIB}/").removeprefix(f"{ROOT}/")
