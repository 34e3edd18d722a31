"""The child process that decodes: the same files, limits that hold, a new one after a death."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from django.conf import settings

from media_app.exceptions import DevelopmentInterrupted, TooDemanding, UnreadableSource
from media_app.geometry import Focal
from media_app.imaging import Developer, Order, develop, memory_needed
from media_app.presets import Stage
from tests import pictures
from tests.timing import in_time
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits are Unix's")
ORDER = Order(table=settings.IMAGE_PRESETS, stages=tuple(Stage), focal=Focal(0.2, 0.7))
FIRST = Order(table=settings.IMAGE_PRESETS, stages=(Stage.FIRST,))


@pytest.fixture
def developer() -> Iterator[Developer]:
    made = Developer(memory_bytes=600_000_000, deadline_s=20)
    yield made
    made.close()


def in_file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "original"
    path.write_bytes(data)
    return path


def send_soon(developer: Developer, *signals: signal.Signals) -> Timer:
    """Have the child get signals while it works on its next order: it is held until then."""
    pid = developer.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    timer = Timer(0.2, lambda: [os.kill(pid, each) for each in signals])
    timer.start()
    return timer


def test_a_child_makes_what_would_be_made_here(developer, tmp_path):
    for data in (pictures.photo(900, 700), pictures.animated("GIF"), pictures.see_through()):
        path = in_file(tmp_path, data)

        assert developer.develop(path, ORDER) == develop(data, ORDER)


def test_what_was_kept_comes_back_and_is_developed(developer, tmp_path):
    data = pictures.photo(900, 700)
    keep = Order(table=settings.IMAGE_PRESETS, stages=(Stage.READY,), keep=True)
    last = Order(table=settings.IMAGE_PRESETS, stages=(Stage.LAST,))

    kept = developer.develop(in_file(tmp_path, data), keep)
    later = developer.develop(in_file(tmp_path, kept.prepared), last, prepared=True)

    assert later == develop(data, last)


def test_a_child_serves_many_orders_and_survives_damaged_files(developer, tmp_path):
    path = in_file(tmp_path, pictures.small())
    developer.develop(path, FIRST)
    pid = developer.pid

    with pytest.raises(UnreadableSource, match=r"damaged or cut off \(JPEG: "):
        developer.develop(in_file(tmp_path, pictures.small()[:300]), ORDER)
    developer.develop(in_file(tmp_path, pictures.small()), FIRST)

    assert developer.pid == pid


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_after_a_big_picture_a_child_is_small_again(developer, tmp_path):
    developer.develop(in_file(tmp_path, pictures.small()), ORDER)
    usual = of_child(developer, "VmRSS")
    big = pictures.saved(pictures.marked(7000, 5000), "JPEG", progressive=True, subsampling=0)

    developer.develop(in_file(tmp_path, big), ORDER)

    assert of_child(developer, "VmHWM") > usual + 150_000
    assert of_child(developer, "VmRSS") < usual + 60_000


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_where_memory_runs_out_the_child_goes_first(developer):
    developer.prepare()
    score = Path(f"/proc/{developer.pid}/oom_score_adj")

    eventually(lambda: score.read_text() == "1000\n", within=10)


def of_child(developer: Developer, name: str) -> int:
    """Kilobytes, as the kernel counts them."""
    status = Path(f"/proc/{developer.pid}/status").read_text()
    return int(re.findall(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)[0])


def test_a_decoder_that_hangs_ends_at_the_deadline_and_the_next_picture_is_developed(tmp_path):
    developer = Developer(memory_bytes=600_000_000, deadline_s=2)
    path = in_file(tmp_path, pictures.small())
    developer.develop(path, FIRST)
    os.kill(developer.pid, signal.SIGSTOP)

    begun = time.monotonic()
    with pytest.raises(UnreadableSource, match="it takes longer than 2 s"):
        developer.develop(path, FIRST)

    took_s = time.monotonic() - begun
    developer.develop(path, FIRST)
    developer.close()
    assert took_s > 1.9
    in_time(took_s, 4)


def test_a_decoder_that_crashes_is_the_pictures_failure(developer, tmp_path):
    path = in_file(tmp_path, pictures.small())
    developer.develop(path, FIRST)
    send_soon(developer, signal.SIGSEGV, signal.SIGCONT)

    with pytest.raises(UnreadableSource, match="its decoder crashed, -11"):
        developer.develop(path, FIRST)

    developer.develop(path, FIRST)


def test_a_child_that_somebody_killed_is_not_the_pictures_failure(developer, tmp_path):
    path = in_file(tmp_path, pictures.small())
    developer.develop(path, FIRST)
    send_soon(developer, signal.SIGKILL)

    with pytest.raises(DevelopmentInterrupted, match=r"ended from outside \(exit status -9\)"):
        developer.develop(path, FIRST)

    developer.develop(path, FIRST)


def test_a_child_that_died_idle_is_replaced(developer, tmp_path):
    path = in_file(tmp_path, pictures.small())
    developer.develop(path, FIRST)
    before = developer.pid
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)

    developer.develop(path, FIRST)

    assert developer.pid != before


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory limit is Linux's")
def test_a_picture_that_needs_more_memory_than_allowed_fails_and_the_next_is_developed(tmp_path):
    developer = Developer(memory_bytes=60_000_000, deadline_s=20)
    huge = in_file(tmp_path, pictures.png(8000, 8000, b"\0" * 24000, depth=8, colour_type=2))

    with pytest.raises(TooDemanding, match=r"developed here: it needs more than 60 MB\. Send a s"):
        developer.develop(huge, FIRST)

    developer.develop(in_file(tmp_path, pictures.small()), FIRST)
    developer.close()


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_what_the_estimate_has_room_for_is_developed_again_and_again(tmp_path, kind):
    size = (3300, 2500) if kind == "WEBP" else (4000, 3100)
    path = in_file(tmp_path, pictures.small(kind, *size))
    with path.open("rb") as file:
        developer = Developer(memory_bytes=memory_needed(file), deadline_s=20)

    for _ in range(3):
        assert developer.develop(path, ORDER).renditions
    developer.close()


def test_a_worker_told_to_stop_has_its_picture_finished(developer, tmp_path):
    path = in_file(tmp_path, pictures.small())
    developer.develop(path, FIRST)
    send_soon(developer, signal.SIGTERM, signal.SIGINT, signal.SIGCONT)

    assert developer.develop(path, FIRST).renditions


def test_a_child_knows_no_secrets_and_ends_with_its_parents_interest(developer, tmp_path):
    developer.develop(in_file(tmp_path, pictures.small()), FIRST)
    pid = developer.pid

    environment = Path(f"/proc/{pid}/environ")
    if environment.exists():
        said = environment.read_bytes().split(b"\0")
        assert all(each.startswith((b"MALLOC_", b"GLIBC_TUNABLES=")) for each in said if each)
    developer.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_missing_file_is_nobodys_picture(developer, tmp_path):
    with pytest.raises(RuntimeError, match="FileNotFoundError"):
        developer.develop(tmp_path / "gone", FIRST)
