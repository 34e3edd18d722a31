from __future__ import annotations

import os
import subprocess
import sys
import time

from actors import parent_watch

WATCHING = """
import time
from actors.parent_watch import watch_parent
watch_parent()
watch_parent()
print("watching", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""
#: The grandchild is armed only after its parent may have died; the pipe of multiprocessing tells.
FORKED = """
import multiprocessing, os, sys, time
def work():
    print(os.getpid(), flush=True)
    time.sleep(1)
    from actors.parent_watch import watch_parent
    watch_parent()
    time.sleep(60)
multiprocessing.get_context("fork").Process(target=work).start()
time.sleep(60)
"""


def grandchild_of(*words: str) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True).stdout
        if state[:1] in (b"", b"Z"):
            return True
        time.sleep(0.05)
    return False


def test_a_process_ends_within_5_s_of_its_killed_parent() -> None:
    parent, child_pid = grandchild_of("-c", PARENT, WATCHING)

    with parent:
        parent.kill()

        assert ends_within(child_pid, 5)


def test_a_process_whose_parent_died_before_the_watch_began_ends_too() -> None:
    parent, child_pid = grandchild_of("-c", FORKED)

    with parent:
        parent.kill()

        assert ends_within(child_pid, 5)


def test_a_process_lives_on_with_its_parent() -> None:
    parent, child_pid = grandchild_of("-c", PARENT, WATCHING)

    try:
        assert not ends_within(child_pid, 3 * parent_watch.INTERVAL_S)
    finally:
        os.kill(child_pid, 9)
        parent.communicate()


def test_a_second_call_in_one_process_starts_no_second_watch() -> None:
    code = f"{WATCHING.partition('print')[0]}import threading; print(threading.active_count())"

    counted = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert counted.stdout.strip() == "2", counted.stderr
