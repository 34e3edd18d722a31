"""What people meet: `python -m benchmarks.uploads [--photos 200] [--parallel 20] [--first 20]`.

First, with idle workers, photos one by one: how soon after the answer the first picture is there,
and in Chromium when it is put into the page and shown. Then many at a time: how long `POST` takes,
how late the event loop is, how much memory all processes need, and when everything is ready.
Starts all by itself, as `make run` does; `--write` puts the table into docs/images.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from benchmarks.uploads import browsing, report, telling
from benchmarks.uploads.flood import Flood
from benchmarks.uploads.memory import Memory
from tests import pictures
from tests.acceptance.harness import BASE_DIR, Run, running
from tests.ports import free_port


def main() -> None:
    asked = arguments()
    lines = []
    if asked.first:
        with running() as run:
            ready_ms = telling.measure(run, asked.first)
            lines += report.first(ready_ms, browsing.measure(run, asked.first))
            print("\n".join(lines), flush=True)
    if asked.photos:
        photo = pictures.photo(6000, 4000)
        with running() as run:
            probed = Probed(run)
            try:
                flood = Flood(run, probed.url, photo, asked.photos, asked.parallel)
                memory = Memory(run.process.pid, probed.process.pid)
                lines += report.flood(flood.play(memory))
            finally:
                probed.stop()
    report.publish(lines, write=asked.write)


class Probed:
    """A second web process on the data of a run, with a probe of its event loop: all is sent here.

    The run's own web process stands idle beside it, and its memory counts.
    """

    def __init__(self, run: Run) -> None:
        port = free_port()
        options = f"--port {port} --loop uvloop --http httptools --log-level warning"
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "tests.lateness:application", *options.split()],
            cwd=BASE_DIR,
            env=os.environ | run.env | {"DEVELOPMENT": "1"},
            # As the supervisor starts it: Linux shares out its processors by session.
            start_new_session=True,
        )
        time.sleep(3)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200, help="of 24 megapixels; 0: none")
    parser.add_argument("--parallel", type=int, default=20)
    parser.add_argument("--first", type=int, default=20, help="photos one by one; 0: none")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
