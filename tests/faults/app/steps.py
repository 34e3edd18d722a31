"""Named steps in the site's processes, between two things that a crash must not tear apart.

A step is armed by a file of its name below DATA_DIR/steps; the first process that comes there
takes the file away and dies, with its process group, as by the machine's out-of-memory killer.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from dramatiq.middleware import Middleware

from actors.broker import RedisBroker
from media_app.storage import AtomicFileSystemStorage
from tests.faults.app.step_names import folder_of

_side = "web" if "uvicorn" in " ".join(sys.argv[:1]) else "signer"


def reach(place: str) -> None:
    """Die here, where this step is armed."""
    try:
        (folder_of(Path(settings.DATA_DIR)) / f"{_side}.{place}").unlink()
    except FileNotFoundError:
        return
    os.killpg(os.getpgid(0), signal.SIGKILL)


class SteppedBroker(RedisBroker):
    """Steps around each send: before it nothing is in Redis, after it the sender knows not yet."""

    def enqueue(self, *args: Any, **kwargs: Any) -> Any:
        reach("before-send")
        sent = super().enqueue(*args, **kwargs)
        reach("after-send")
        return sent

    def enqueue_many(self, *args: Any, **kwargs: Any) -> Any:
        reach("before-send")
        sent = super().enqueue_many(*args, **kwargs)
        reach("after-send")
        return sent


class SteppedStorage(AtomicFileSystemStorage):
    """Steps around the writing of each file; both lie inside a transaction."""

    def _save(self, name: str, content: Any) -> str:
        reach("before-file")
        saved = super()._save(name, content)
        reach("after-file")
        return saved


class SteppedWork(Middleware):
    """Steps around what a worker does with a message.

    Hooks: before the worker's boot, around processing and acknowledging. Stands last.
    """

    def before_worker_boot(self, *_: Any) -> None:
        global _side
        _side = "worker"

    def before_process_message(self, *_: Any) -> None:
        reach("before-work")

    def after_process_message(self, *_: Any, **__: Any) -> None:
        reach("after-work")

    def before_ack(self, *_: Any) -> None:
        reach("before-ack")

    def after_ack(self, *_: Any) -> None:
        reach("after-ack")
