"""Starts one process in a session of its own, relays its output, and ends it with its group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from project.dev.orphans import dies_with_parent

#: Bytes. A longer line is relayed in pieces.
LINE_MAX_BYTES = 65_536


@dataclass(frozen=True)
class Program:
    """What to start, and under which name it speaks."""

    name: str
    argv: tuple[str, ...]
    #: Sent by the kernel when the supervisor dies. A database closes its file, others stop dead.
    orphan_signal: signal.Signals = signal.SIGKILL
    #: Others hand their work to it until they end, so it ends after them.
    ends_last: bool = False


class Child:
    """A running process, the leader of its own process group."""

    def __init__(
        self,
        program: Program,
        process: asyncio.subprocess.Process,
        relaying: asyncio.Task[None],
    ) -> None:
        self.program, self.pid = program, process.pid
        self._process = process
        self._relaying = relaying

    @classmethod
    async def start(
        cls,
        program: Program,
        *,
        environment: Mapping[str, str],
        folder: Path,
        relay: Callable[[str, str], None],
    ) -> Child:
        """Start `program`; each line that it or its children write goes to `relay`."""
        # Not asyncio's own pipe: with it, `wait` may also wait for grandchildren that hold it open.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *program.argv,
                env=environment,
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                preexec_fn=dies_with_parent(program.orphan_signal),
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        relaying = asyncio.create_task(_relay(reading, program.name, relay))
        return cls(program, process, relaying)

    async def wait(self) -> int:
        """Return the exit status once the process ends; minus a signal's number if killed by it."""
        return await self._process.wait()

    def terminate(self) -> None:
        """Ask the process, not its children, to end: it tells them itself."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill_group(self) -> None:
        """Kill the process and all that it started, also after its own end."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def drain(self, timeout_s: float) -> None:
        """Wait for the last lines; grandchildren may still hold the pipe, hence a limit."""
        await asyncio.wait({self._relaying}, timeout=timeout_s)
        self._relaying.cancel()
        await asyncio.gather(self._relaying, return_exceptions=True)


async def end_all(children: Iterable[Child], within_s: float) -> None:
    """End `children` and all that they started; those still there after `within_s` are killed."""
    ending = list(children)
    for child in ending:
        child.terminate()
    waits = [asyncio.create_task(child.wait()) for child in ending]
    if waits:
        await asyncio.wait(waits, timeout=within_s)
    for child in ending:
        child.kill_group()
    await asyncio.gather(*waits, *(child.drain(0.2) for child in ending))


async def _relay(descriptor: int, name: str, relay: Callable[[str, str], None]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        rest = b""
        try:
            while chunk := await reader.read(LINE_MAX_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) >= LINE_MAX_BYTES:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    relay(name, line.decode(errors="replace").rstrip("\r"))
            if rest:
                relay(name, rest.decode(errors="replace"))
        finally:
            transport.close()


def cause_of(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
