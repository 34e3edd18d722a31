"""One run in a process of its own: the sender, with a server and workers below it.

`python -m benchmarks.queues.driver SPEC` leaves `result.json` in the run's folder. It ends all that
it started, and itself where its standard input ends: then the process that started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.queues.adapters import QUEUES
from benchmarks.queues.adapters.queue import Queue
from benchmarks.queues.run import Run
from benchmarks.queues.scenarios import PROFILES, SCENARIOS
from benchmarks.queues.server import Server
from benchmarks.queues.sizes import Sizes

#: Seconds. As asgi.py sets it for the web process, and the same for all queues.
SWITCH_INTERVAL_S = 0.0005


def main() -> None:
    spec = json.loads(sys.argv[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    folder, kind = Path(spec["folder"]), QUEUES[spec["queue"]]
    server = Server(folder, persists=kind.persists)
    server.start()
    try:
        result = uvloop.run(_measure(kind, server, folder, spec))
        (folder / "result.json").write_text(json.dumps(result))
    finally:
        server.kill()


async def _measure(
    kind: type[Queue], server: Server, folder: Path, spec: dict[str, Any]
) -> dict[str, Any]:
    run = Run(folder, Sizes(**spec["sizes"]), server, spec["profiled"])
    scenarios = PROFILES if spec["profiled"] else SCENARIOS
    try:
        queue = kind(run)
        await queue.open()
        return await scenarios[spec["scenario"]](queue)
    finally:
        run.workers.kill()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
    # Without waiting for connections and threads that only this measurement had.
    os._exit(0)
