"""Negatives: the decoded pixels that one stage leaves for the next, on this machine's disk.

A decode spared, nothing more: where one is missing, the original is decoded again.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from django.conf import settings

from media_app.presets import PIPELINE_VERSION

#: Negatives kept at a time, of some 6 MB each. What a crash leaves is removed like uploads.
MOST = 60
_ENDING = ".negative"


def path_of(digest: str) -> Path:
    """Where the negative of a content lies, if there is one."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    return folder / f"{digest}-{PIPELINE_VERSION}{_ENDING}"


def keep(digest: str, pixels: bytes) -> None:
    """Keep a negative, unless there are many, or no room: then there is none."""
    path = path_of(digest)
    if not pixels or len(list(path.parent.glob(f"*{_ENDING}"))) >= MOST:
        return
    part = path.with_suffix(f".{uuid.uuid4().hex}.part")
    with contextlib.suppress(OSError):
        part.write_bytes(pixels)
        os.replace(part, path)
    part.unlink(missing_ok=True)


def discard(digest: str) -> None:
    """Remove a negative that was used, or will not be."""
    path_of(digest).unlink(missing_ok=True)
