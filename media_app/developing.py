"""Has a stored original developed by this thread's child process. Knows no other rows."""

from __future__ import annotations

import atexit
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.core.files.storage import default_storage

from media_app import imaging, negatives
from media_app.exceptions import UnreadableSource
from media_app.geometry import Focal
from media_app.models import Original
from media_app.presets import Preset, Stage, presets_of

#: Every thread that develops has a child process of its own, which stays warm.
_of_thread = threading.local()


def develop(original: Original, stages: Sequence[Stage], focal: Focal) -> imaging.Development:
    """Make the renditions of some stages of an original, after a wait for room if it is a big one.

    Raises:
        PermanentFailure: The original can't be decoded.
        TransientFailure: The process that decoded it was ended, or big pictures had all room.
    """
    if set(stages) == {Stage.LAST} and (made := _from_negative(original, focal)):
        return made
    keep = Stage.READY in stages and Stage.LAST not in stages
    gate = imaging.Gate(settings.DATA_DIR / "locks", at_once=settings.IMAGE_BIG_AT_ONCE)
    with _local(original.name) as path:
        with path.open("rb") as file:
            needed = imaging.memory_needed(file)
        with gate.held(needed):
            made = _developer().develop(path, _order(tuple(stages), focal, keep=keep))
    negatives.keep(original.pk, made.prepared)
    return made


def presets() -> tuple[Preset, ...]:
    """What is made of every picture."""
    return presets_of(settings.IMAGE_PRESETS)


def warm_up() -> None:
    """Start this thread's child before there is work: the first picture needn't wait for it."""
    _developer().prepare()


def cool_down() -> None:
    """End this thread's child."""
    if developer := getattr(_of_thread, "developer", None):
        developer.close()


def _from_negative(original: Original, focal: Focal) -> imaging.Development | None:
    path, order = negatives.path_of(original.pk), _order((Stage.LAST,), focal)
    if not path.exists():
        return None
    try:
        return _developer().develop(path, order, prepared=True)
    except UnreadableSource:  # used up meanwhile by a twin, or damaged: the original decides
        return None
    finally:
        negatives.discard(original.pk)


class _OwnDeveloper(imaging.Developer):
    """Ends its child with the thread that it belongs to."""

    def __del__(self) -> None:
        self.close()


atexit.register(cool_down)


def _developer() -> imaging.Developer:
    if not hasattr(_of_thread, "developer"):
        _of_thread.developer = _OwnDeveloper(
            memory_bytes=settings.IMAGE_MEMORY_BYTES, deadline_s=settings.IMAGE_DEADLINE_S
        )
    developer: imaging.Developer = _of_thread.developer
    return developer


def _order(stages: tuple[Stage, ...], focal: Focal, *, keep: bool = False) -> imaging.Order:
    return imaging.Order(
        table=settings.IMAGE_PRESETS,
        stages=stages,
        focal=focal,
        max_pixels=settings.IMAGE_MAX_PIXELS,
        max_side_px=settings.IMAGE_MAX_SIDE_PX,
        max_frames=settings.IMAGE_MAX_FRAMES,
        max_moving_pixels=settings.IMAGE_MAX_MOVING_PIXELS,
        threads=settings.IMAGE_THREADS,
        keep=keep,
    )


@contextmanager
def _local(name: str) -> Iterator[Path]:
    """A stored file on this machine; copied for the time being where the storage is elsewhere."""
    try:
        path = default_storage.path(name)
    except NotImplementedError:
        with NamedTemporaryFile() as copy, default_storage.open(name) as file:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            yield Path(copy.name)
    else:
        yield Path(path)
