"""What the machine has. Where a container is given less, that counts."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

#: Limits of a control group, as a process inside sees them: version 2, version 1.
#: Source: cgroups(7); the kernel's "Control Group v2" and "Memory Resource Controller".
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes(limits: tuple[str, ...] = _LIMITS) -> int | None:
    """Bytes of memory; None where the system doesn't tell."""
    found = [limit for path in limits if (limit := _limit(Path(path)))]
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def _limit(path: Path) -> int | None:
    """The number in a file; None where there is none, as in `max`."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
