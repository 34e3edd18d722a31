"""The process that decodes: `python -m media_app.imaging.child MEMORY_BYTES DEADLINE_S`.

Takes orders on its standard input and answers on its standard output until the input ends. Knows no
settings, no database and no secrets; what it can do to the machine is limited before it reads.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any

from media_app.exceptions import UnreadableSource
from media_app.imaging import wire
from media_app.imaging.development import develop, develop_prepared
from media_app.presets import Stage
from project.niceness import tell_session

if TYPE_CHECKING:
    from media_app.imaging.development import Order

if sys.platform != "win32":  # there, only the deadline holds
    import resource

#: Addresses without memory behind them: stacks of threads, what lies free in the heap.
_SPARE_BYTES = 128_000_000

#: The codecs' threads count too: CPU seconds for one second of the deadline.
_CPUS = 4


def main() -> None:
    """Serve until the standard input ends."""
    memory_bytes, deadline_s = int(sys.argv[1]), float(sys.argv[2])
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # A worker that is told to stop lets its pictures finish. This ends with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # What a library prints must not get between the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    is_back = tell_session()
    _limit_for_good(memory_bytes)
    while True:
        try:
            said, _ = wire.receive(orders)
        except EOFError:
            return
        _limit_cpu(deadline_s)
        is_back = _stand_back(is_back, is_urgent=said["order"]["stages"] == [Stage.FIRST])
        wire.send(answers, *_answer(said))


def _stand_back(is_back: bool, *, is_urgent: bool) -> bool:
    """Let all others go first, but with a picture that somebody waits to see."""
    if is_back is not is_urgent:
        return is_back
    changed = tell_session(0 if is_urgent else None, tries=1)
    return is_back ^ changed


def _answer(said: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    try:
        order = wire.order_from_json(said["order"])
        return wire.development_as_frame(_made(said["path"], order, said["prepared"]), order)
    except UnreadableSource as exc:
        return {"unreadable": exc.found}, []
    except MemoryError:
        return {"memory": True}, []
    except Exception:
        return {"bug": traceback.format_exc()}, []


def _made(path: str, order: Order, is_prepared: bool) -> Any:
    with open(path, "rb") as file:
        data = file.read()
    return (develop_prepared if is_prepared else develop)(data, order)


def _limit_for_good(memory_bytes: int) -> None:
    """No more memory than allowed, beside what the libraries take up; no files written."""
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        with open("/proc/self/statm") as statm:
            taken = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes + _SPARE_BYTES,) * 2)
        # Should the machine's memory run out all the same, it is a picture that goes: where /proc
        # can be written to.
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")


def _limit_cpu(deadline_s: float) -> None:
    """Die by oneself some time after the deadline, should nobody be left to end this process."""
    if sys.platform == "win32":
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soon = usage.ru_utime + usage.ru_stime + _CPUS * deadline_s + 1
    resource.setrlimit(resource.RLIMIT_CPU, (int(soon), resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
