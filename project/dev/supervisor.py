"""Starts what `make run` needs in its order, restarts what dies, and ends all of it within 5 s.

One thread, one event loop. Knows processes and signals; what they are stands in `plan`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

from project.dev import embedded
from project.dev.child import Child, Program, cause_of, end_all
from project.dev.console import Console
from project.dev.http_probe import is_answering
from project.dev.plan import BASE_DIR, HOST, Plan
from project.dev.run_files import RunFiles
from project.paths import embedded_socket

#: Seconds between a death and the next start: doubled each time, back to the first after health.
BACKOFF_FIRST_S, BACKOFF_MOST_S, HEALTHY_AFTER_S = 0.5, 10.0, 10.0
#: Seconds until processes that were asked to end are killed: those that hold work, and the last.
STOP_WITHIN_S, LAST_STOP_WITHIN_S = 3.5, 0.8
#: Seconds. A large append-only file takes its time to load.
VALKEY_SERVES_WITHIN_S, WEB_SERVES_WITHIN_S = 60.0, 60.0
#: Seconds. An earlier run's server ends by itself within 5.
LEFTOVER_STOPS_WITHIN_S = 6.0
_POLL_S = 0.05


class StartFailed(Exception):
    """A step without which nothing can run did not succeed."""


class Supervisor:
    """All processes of one run."""

    def __init__(self, plan: Plan, files: RunFiles) -> None:
        self._plan = plan
        self._files = files
        self._stopping = asyncio.Event()
        self._exit_status = 0
        self._console = Console(on_gone=self._stopping.set)
        self._children: dict[str, Child] = {}
        self._keepers: set[asyncio.Task[None]] = set()
        # Held while a process starts, so that the end never misses one that is half started.
        self._starting = asyncio.Lock()

    async def run(self) -> int:
        """Run until a signal asks to stop; return the exit status: 0, or 1 if the start failed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopping.set)
        watching = asyncio.create_task(self._stop_with_parent())
        try:
            await self._start()
            await self._stopping.wait()
        except StartFailed as failure:
            self._fail(failure)
        finally:
            self._stopping.set()
            await self._stop()
            await watching
        return self._exit_status

    async def _start(self) -> None:
        if self._plan.is_redis_embedded:
            await self._start_valkey()
        await self._run_once(self._plan.preparation)
        for program in self._plan.programs:
            self._keep(program)
        await self._tell_when_ready()

    async def _start_valkey(self) -> None:
        path = embedded_socket(self._plan.data_dir)
        if not embedded.shut_down(path, LEFTOVER_STOPS_WITHIN_S):
            raise StartFailed(f"Another server listens on {path} and does not end: stop it first.")
        self._keep(embedded.valkey(self._plan.data_dir))
        deadline = time.monotonic() + VALKEY_SERVES_WITHIN_S
        while not (self._stopping.is_set() or embedded.is_serving(path)):
            if time.monotonic() > deadline:
                raise StartFailed("The embedded server does not answer; see the lines above.")
            await self._pause(_POLL_S)

    async def _run_once(self, program: Program) -> None:
        if (child := await self._spawn(program)) is None:
            return
        waiting = {asyncio.create_task(child.wait()), asyncio.create_task(self._stopping.wait())}
        _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if self._stopping.is_set():
            return
        status = await child.wait()
        await child.drain(1.0)
        self._files.forget(program.name)
        if status:
            raise StartFailed(f"{program.name} failed ({cause_of(status)}); see the lines above.")

    async def _tell_when_ready(self) -> None:
        deadline = time.monotonic() + WEB_SERVES_WITHIN_S
        url = self._plan.url
        while not await is_answering(HOST, self._plan.port, "/healthz"):
            if time.monotonic() > deadline:
                self._console.say(f"{url}/healthz does not answer yet; see the lines above.")
                deadline += WEB_SERVES_WITHIN_S
            await self._pause(_POLL_S)
            if self._stopping.is_set():
                return
        mails = "" if self._plan.mail_port is None else f"  (mails: {url}/dev/mail/)"
        self._console.say(f"Darkroom is ready: {url}{mails}")

    def _keep(self, program: Program) -> None:
        self._keepers.add(asyncio.create_task(self._keep_alive(program)))

    async def _keep_alive(self, program: Program) -> None:
        """Run `program` until the end of the run, again and again if need be."""
        delay_s = BACKOFF_FIRST_S
        try:
            while (child := await self._spawn(program)) is not None:
                started_at = time.monotonic()
                status = await child.wait()
                if self._stopping.is_set():
                    return
                if time.monotonic() - started_at > HEALTHY_AFTER_S:
                    delay_s = BACKOFF_FIRST_S
                await self._mourn(program, child, status, delay_s)
                delay_s = min(delay_s * 2, BACKOFF_MOST_S)
        except StartFailed as failure:
            self._fail(failure)

    async def _mourn(self, program: Program, child: Child, status: int, delay_s: float) -> None:
        child.kill_group()  # what it started would otherwise go on beside its successor
        again = f"it starts again in {delay_s:g} s"
        self._console.say(f"{program.name} ended ({cause_of(status)}); {again}.")
        await asyncio.gather(self._pause(delay_s), child.drain(delay_s))

    async def _spawn(self, program: Program) -> Child | None:
        """Start `program`; None where the run is about to end.

        Raises:
            StartFailed: Where there is no such program, or it may not be run.
        """
        async with self._starting:
            if self._stopping.is_set():
                return None
            try:
                child = await Child.start(
                    program,
                    environment=self._plan.environment,
                    folder=BASE_DIR,
                    relay=self._console.relay,
                )
            except OSError as error:
                raise StartFailed(f"{program.name} cannot be started: {error}.") from error
            self._children[program.name] = child
            self._files.record(program.name, child.pid)
            return child

    async def _stop(self) -> None:
        """End all: first those that hold work, then the servers they hand it to."""
        async with self._starting:
            children = self._children.values()
            await end_all([c for c in children if not c.program.ends_last], STOP_WITHIN_S)
            await end_all([c for c in children if c.program.ends_last], LAST_STOP_WITHIN_S)
        await asyncio.gather(*self._keepers)

    async def _stop_with_parent(self) -> None:
        parent_pid = os.getppid()
        while not self._stopping.is_set():
            if os.getppid() != parent_pid:
                self._stopping.set()
            await self._pause(0.5)

    async def _pause(self, seconds: float) -> None:
        """Wait that long, or until the run is about to end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _fail(self, failure: StartFailed) -> None:
        if not self._stopping.is_set():
            self._console.say(str(failure))
            self._exit_status = 1
            self._stopping.set()
