"""The steps' names, for those who arm them. Knows nothing of Django."""

from __future__ import annotations

from pathlib import Path

#: Where a process of that name dies.
STEPS = (
    *("web.before-file", "web.after-file", "web.before-send", "web.after-send"),
    *("signer.before-send", "signer.after-send"),
    *("worker.before-work", "worker.before-file", "worker.after-file"),
    *("worker.after-work", "worker.before-ack", "worker.after-ack"),
)


def folder_of(data_dir: Path) -> Path:
    """Return where armed steps lie."""
    return data_dir / "steps"


def arm(data_dir: Path, step: str) -> Path:
    """Let the next process that comes to that step die; the file is gone once one has."""
    folder_of(data_dir).mkdir(exist_ok=True)
    armed = folder_of(data_dir) / step
    armed.touch()
    return armed
