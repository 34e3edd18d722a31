"""Has pictures developed in a child process, which may crash, hang or ask for too much memory.

Python can't interrupt a decoder that loops in C, and a decoder that overwrites memory overwrites
ours. So they run elsewhere: one child for each thread that asks, kept warm, killed at the deadline.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from media_app.exceptions import DevelopmentInterrupted, TooDemanding, UnreadableSource
from media_app.imaging import wire

if TYPE_CHECKING:
    from media_app.imaging.development import Development, Order

_ROOT = Path(__file__).resolve().parent.parent.parent

#: Nothing of ours, least of all secrets; and for glibc, which goes by addresses as the limit does:
#: one heap for all threads, and large blocks beside it, whose addresses are free with them. In huge
#: pages, 12 megapixels cost the kernel 30 page faults instead of 13,000.
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}

#: How a child ends that was not ended by its picture: out of the machine's memory, or by a person.
_FROM_OUTSIDE = (-signal.SIGTERM, -9)
_OUT_OF_CPU_TIME = -24

#: Seconds that a child's end may take to be seen after its pipe has closed.
_END_S = 1.0

#: Pictures that one child develops before it is replaced: what a library leaks stays bounded.
_MOST_ORDERS = 500


class Developer:
    """One child process. Started with the first order; for one thread at a time.

    Args:
        memory_bytes: what a child may take up beside its libraries (Linux; elsewhere no limit).
        deadline_s: seconds for one order.
    """

    def __init__(self, *, memory_bytes: int, deadline_s: float) -> None:
        self._memory_bytes, self._deadline_s = memory_bytes, deadline_s
        self._child: subprocess.Popen[bytes] | None = None
        self._left = 0

    def develop(self, path: str | Path, order: Order, *, prepared: bool = False) -> Development:
        """Make what is ordered of a file; `prepared`: one that `Order.keep` gave back. Blocks.

        Raises:
            UnreadableSource: the file is damaged, or crashes its decoder.
            TooDemanding: it takes too long, or too much memory.
            DevelopmentInterrupted: somebody else ended the child.
        """
        said = {
            "path": str(Path(path).resolve()),
            "order": wire.order_as_json(order),
            "prepared": prepared,
        }
        answer, blobs = self._asked(said)
        if "bug" in answer:
            raise RuntimeError(answer["bug"])
        if "memory" in answer:
            raise TooDemanding(found=f"it needs more than {self._memory_bytes / 1e6:.0f} MB")
        if "unreadable" in answer:
            raise UnreadableSource(found=answer["unreadable"])
        return wire.development_from_frame(answer, blobs, order)

    @property
    def pid(self) -> int | None:
        """The child's process id, if there is a child."""
        return self._child.pid if self._child else None

    def prepare(self) -> None:
        """Start the child before there is an order, so that the first one needn't wait for it."""
        self._ready()

    def close(self) -> None:
        """End the child. The next order starts another."""
        if child := self._child:
            self._child = None
            child.kill()
            child.communicate()

    def _asked(self, said: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        child = self._ready()
        self._left -= 1
        assert child.stdin
        assert child.stdout
        timer, begun = Timer(self._deadline_s, child.kill), time.monotonic()
        timer.start()
        answered = False
        try:
            wire.send(child.stdin, said)
            answer = wire.receive(child.stdout)
            answered = True
            return answer
        except (EOFError, OSError, ValueError) as exc:
            raise self._death(child, time.monotonic() - begun) from exc
        finally:
            timer.cancel()
            if not answered:
                # Whatever happened meanwhile, an interrupt included: the next answer isn't ours.
                self.close()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._left < 1 or (self._child and self._child.poll() is not None):
            self.close()
        if self._child is None:
            self._left = _MOST_ORDERS
            self._child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "media_app.imaging.child",
                    str(self._memory_bytes),
                    str(self._deadline_s),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env=_ENVIRONMENT,
                # Ctrl-C is for the worker, which lets its pictures finish.
                start_new_session=True,
            )
        return self._child

    def _death(self, child: subprocess.Popen[bytes], after_s: float) -> Exception:
        """What to raise for a child that didn't answer."""
        try:
            code = child.wait(_END_S)
        except subprocess.TimeoutExpired:
            return UnreadableSource(found="its decoder went astray")
        if after_s >= self._deadline_s or code == _OUT_OF_CPU_TIME:
            return TooDemanding(found=f"it takes longer than {self._deadline_s:g} s")
        if code in _FROM_OUTSIDE:
            return DevelopmentInterrupted(code=code)
        return UnreadableSource(found=f"its decoder crashed, {code}")
