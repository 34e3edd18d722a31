"""The application with a probe of its event loop: `uvicorn tests.lateness:application`.

`GET /lateness` tells how late the loop was since it was asked last, in milliseconds, and the most
memory that the process ever had, in MB.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import time
from pathlib import Path
from typing import Any

from asgi import application as darkroom

#: Seconds between two looks.
INTERVAL_S = 0.002

_late_ms: list[float] = []
_probe: asyncio.Task[None] | None = None


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve Darkroom, and what the probe saw."""
    global _probe
    if _probe is None:
        _probe = asyncio.create_task(_look_for_ever())
    if scope["type"] == "http" and scope["path"] == "/lateness":
        await _tell(send)
    else:
        await darkroom(scope, receive, send)


async def _look_for_ever() -> None:
    while True:
        due = time.perf_counter() + INTERVAL_S
        await asyncio.sleep(INTERVAL_S)
        _late_ms.append((time.perf_counter() - due) * 1000)


async def _tell(send: Any) -> None:
    seen = sorted(_late_ms)
    _late_ms.clear()
    told = {
        "looks": len(seen),
        "p50": seen[len(seen) // 2] if seen else 0,
        "p99": seen[int(len(seen) * 0.99)] if seen else 0,
        "max": seen[-1] if seen else 0,
        "peak_mb": _peak_mb(),
    }
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def _peak_mb() -> float:
    """Return the most memory since the program began; `getrusage` knows its parent's on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
