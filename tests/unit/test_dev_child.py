from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from project.dev.child import LINE_MAX_BYTES, Child, Program, cause_of, end_all
from tests.waiting import eventually


class Lines(list[tuple[str, str]]):
    """What a child has written."""

    def __init__(self) -> None:
        super().__init__()
        self._spoken = asyncio.Event()

    def hear(self, name: str, line: str) -> None:
        self.append((name, line))
        self._spoken.set()

    async def first(self) -> str:
        await asyncio.wait_for(self._spoken.wait(), 10)
        return self[0][1]


async def start(code: str, lines: Lines) -> Child:
    return await Child.start(
        Program("child", (sys.executable, "-u", "-c", code)),
        environment=os.environ,
        folder=Path.cwd(),
        relay=lines.hear,
    )


async def test_both_outputs_are_relayed_line_by_line() -> None:
    lines = Lines()
    child = await start("import sys; print('a'); sys.stderr.write('b\\nc')", lines)

    assert await child.wait() == 0
    await child.drain(5)

    assert lines == [("child", "a"), ("child", "b"), ("child", "c")]


async def test_a_line_without_end_is_relayed_in_pieces() -> None:
    lines = Lines()
    child = await start(f"print('x' * {3 * LINE_MAX_BYTES})", lines)

    await child.wait()
    await child.drain(5)

    assert "".join(line for _, line in lines) == "x" * 3 * LINE_MAX_BYTES
    assert len(lines) > 1


async def test_bytes_that_are_no_text_do_no_harm() -> None:
    lines = Lines()
    child = await start("import os; os.write(1, b'\\xff\\n')", lines)

    await child.wait()
    await child.drain(5)

    assert lines == [("child", "\ufffd")]


async def test_what_ignores_the_request_is_killed_with_all_it_started() -> None:
    lines = Lines()
    child = await start(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(grandchild.pid)\n"
        "time.sleep(60)",
        lines,
    )
    grandchild_pid = int(await lines.first())

    await asyncio.wait_for(end_all([child], within_s=0.2), 10)

    assert await child.wait() == -9
    eventually(lambda: not is_running(grandchild_pid), within=5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals orphans")
async def test_a_child_dies_with_whoever_started_it() -> None:
    code = (
        "import asyncio, os, pathlib, sys, time\n"
        "from project.dev.child import Child, Program\n"
        "async def main():\n"
        "    program = Program('x', (sys.executable, '-c', 'import time; time.sleep(60)'))\n"
        "    child = await Child.start(program, environment=os.environ,\n"
        "        folder=pathlib.Path.cwd(), relay=print)\n"
        "    print(child.pid)\n"
        "    await child.wait()\n"
        "asyncio.run(main())"
    )
    lines = Lines()
    parent = await start(code, lines)
    child_pid = int(await lines.first())

    os.kill(parent.pid, 9)
    await parent.wait()

    eventually(lambda: not is_running(child_pid), within=5)
    await parent.drain(1)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_the_cause_of_an_end_is_said_in_words() -> None:
    assert cause_of(3) == "exit status 3"
    assert cause_of(-9) == "killed by SIGKILL"
    assert cause_of(-250) == "killed by signal 250"
