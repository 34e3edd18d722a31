"""`make run` starts, restarts and ends everything, whoever kills what."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import httpx
import pytest

from tests.acceptance.harness import Run, Stack, living_members
from tests.timing import in_time
from tests.waiting import eventually

#: Seconds that the issue gives everything to end.
ENDS_WITHIN_S = 5.0
SEND = "from actors.arithmetic import add; print(add.delay(4, 5).get(timeout=20))"


class OpenStream:
    """A browser tab on /api/events, in a thread."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.ended_in_order = False

    def open(self) -> None:
        self._thread.start()
        assert self._opened.wait(10), "/api/events did not answer."

    def wait_until_ended(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        with self._client.stream("GET", "/api/events", timeout=30) as answer:
            answer.raise_for_status()
            self._opened.set()
            for _ in answer.iter_lines():
                pass
        self.ended_in_order = True


def all_gone(pids: dict[str, int]) -> bool:
    return not any(living_members(pid) for pid in pids.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_within_5_s_also_with_a_stream_open(
    fresh_run: Run, number: signal.Signals
) -> None:
    fresh_run.start()
    fresh_run.wait_until_ready()
    stream = OpenStream(fresh_run.sign_up("tab@example.org"))
    stream.open()
    pids = fresh_run.pids()

    fresh_run.process.send_signal(number)
    status = fresh_run.wait_until_ended(within=ENDS_WITHIN_S)

    stream.wait_until_ended()
    assert stream.ended_in_order
    assert status == 0
    assert set(pids) == {"valkey", "mail", "web", "worker-1", "worker-2"}
    assert all_gone(pids)
    assert "Traceback" not in fresh_run.words(1000)
    assert os.listdir(fresh_run.data_dir / "run") == ["lock"]


def test_a_signal_during_the_start_ends_it_within_5_s(fresh_run: Run) -> None:
    fresh_run.start()
    eventually(lambda: fresh_run.log, within=20, what="the first process speaks")

    fresh_run.process.send_signal(signal.SIGINT)

    assert fresh_run.wait_until_ended(within=ENDS_WITHIN_S) == 0
    assert "Traceback" not in fresh_run.words(1000)


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_keeps_the_data(
    fresh_run: Run,
) -> None:
    fresh_run.start()
    fresh_run.wait_until_ready()
    fresh_run.sign_up("stays@example.org")
    pids = fresh_run.pids()
    successor = Run(fresh_run.data_dir, PORT=str(fresh_run.port))

    fresh_run.process.kill()
    killed_at = time.monotonic()

    try:
        successor.start()  # at once: it must wait for what the other has left
        eventually(lambda: all_gone(pids), within=ENDS_WITHIN_S, what="the old have ended")
        in_time(time.monotonic() - killed_at, ENDS_WITHIN_S)
        successor.wait_until_ready()
        assert " ended (" not in successor.words(1000)
        assert successor.token("stays@example.org")
    finally:
        successor.stop()


@pytest.mark.parametrize("name", ["web", "worker-1", "mail", "valkey"])
def test_what_is_killed_starts_again(darkroom: Run, name: str) -> None:
    killed = darkroom.kill(name)

    darkroom.wait_for_successor(name, of=killed)

    assert any(
        line.startswith(f"{name} ended (killed by SIGKILL); it starts again in ")
        for line in darkroom.log
    )
    eventually(lambda: answers(darkroom), within=30, what="the site answers")


def test_a_killed_worker_process_is_replaced_with_its_master(darkroom: Run) -> None:
    master = darkroom.pid("worker-2")
    workers = eventually(
        lambda: [pid for pid in living_members(master) if pid != master],
        within=20,
        what="the master has started its worker",
    )

    os.kill(workers[0], signal.SIGKILL)

    darkroom.wait_for_successor("worker-2", of=master)


def test_workers_yield_to_the_web_process(darkroom: Run) -> None:
    web, worker = (os.getpriority(os.PRIO_PROCESS, darkroom.pid(n)) for n in ("web", "worker-1"))

    assert worker > web


def test_a_second_start_on_the_same_data_says_who_runs(darkroom: Run) -> None:
    second = Run(darkroom.data_dir)

    second.start()

    assert second.wait_until_ended(within=20) == 1
    assert f"Darkroom already runs on the data in {darkroom.data_dir}" in second.words()
    assert f"process {darkroom.process.pid}) at {darkroom.url}." in second.words()
    second.stop()


def test_a_taken_port_is_said_in_one_sentence(fresh_run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = Run(fresh_run.data_dir, PORT=str(port))
        run.start()
        status = run.wait_until_ended(within=20)
        run.stop()

    assert status == 1
    assert run.log == [
        f"Port {port} is used by another program. Choose another: PORT={port + 1} make run"
    ]


def test_a_server_named_by_redis_url_is_used_and_none_is_started(stack: Stack) -> None:
    names = set(stack.pids())

    assert names == {"web", "worker-1", "worker-2"}
    assert not (stack.data_dir / "valkey").exists()


def test_a_command_finds_the_embedded_server_by_itself(darkroom: Run) -> None:
    sent = darkroom.manage("shell", "-v0", "-c", SEND, REDIS_URL="")

    assert sent.stdout.strip() == "9", sent.stderr


def test_a_command_without_a_server_says_what_to_do(fresh_run: Run) -> None:
    sent = fresh_run.manage("shell", "-v0", "-c", SEND)

    assert sent.returncode != 0
    assert "BrokerUnavailable" in sent.stderr
    assert "start it with `make run`" in sent.stderr


def test_the_supervisor_ends_when_its_own_parent_is_gone(fresh_run: Run) -> None:
    fresh_run.start(in_shell=True)
    fresh_run.wait_until_ready()
    pids = fresh_run.pids() | {"supervisor": fresh_run.process.pid}

    fresh_run.process.kill()

    eventually(lambda: all_gone(pids), within=ENDS_WITHIN_S, what="all processes have ended")


def answers(run: Run) -> bool:
    try:
        return httpx.get(f"{run.url}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False
