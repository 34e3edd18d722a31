"""The actors of images: a message for each stage, each of which sends the next.

A picture to look at comes first: previews before all else that waits, AVIF after it.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID, uuid4

import dramatiq
from django.conf import settings
from dramatiq import Broker
from dramatiq.errors import Retry
from dramatiq.middleware import Middleware

from actors import Actor, actor, topics
from actors.handles import current_message_id
from media_app import contents, developing, queries, renditions
from media_app.exceptions import AssetClaimed, NoRoom, PermanentFailure
from media_app.models import Asset
from media_app.presets import Stage

logger = logging.getLogger(__name__)

#: Retries of a stage, beside the looks at one that another message has.
TRIES = 4


class WarmUp(Middleware):
    """Starts the process that develops with each thread of a worker, and ends it with the thread.

    Hooks: after a worker's thread has started, before it ends. Stands anywhere.
    """

    def after_worker_thread_boot(self, broker: Broker, thread: Any) -> None:
        """Start it: the first picture would wait for it."""
        if settings.IMAGE_WARM_UP:
            developing.warm_up()

    def before_worker_thread_shutdown(self, broker: Broker, thread: Any) -> None:
        """End it."""
        developing.cool_down()


dramatiq.get_broker().add_middleware(WarmUp())


def is_tried_again(retries: int, error: BaseException) -> bool:
    """Say whether a stage is tried again; a look at what others are busy with is no try."""
    return isinstance(error, Retry) or retries < TRIES


_STAGE: dict[str, Any] = {
    "max_retries": TRIES,
    "retry_when": is_tried_again,
    "min_backoff": 2_000,
    "max_backoff": 60_000,
    "time_limit": 120_000,
    "throws": PermanentFailure,
}


@actor(queue_name="previews", priority=-10, **_STAGE)
def make_preview(asset_id: str) -> list[str]:
    """Make the smallest WebP of an asset and its placeholder; return the names. Idempotent."""
    return _make(asset_id, Stage.FIRST)


@actor(queue_name="renditions", **_STAGE)
def make_renditions(asset_id: str) -> list[str]:
    """Make what an asset needs to be ready, all but AVIF; return the names. Idempotent."""
    return _make(asset_id, Stage.FIRST, Stage.READY, Stage.CROPS)


@actor(queue_name="finishing", priority=10, **_STAGE)
def finish_renditions(asset_id: str) -> list[str]:
    """Make all that an asset still lacks, AVIF at least; return the names. Idempotent."""
    return _make(asset_id, *Stage)


@actor(max_retries=5, min_backoff=2_000, max_backoff=60_000, time_limit=60_000)
def purge_content(digest: str) -> bool:
    """Remove a content that no asset shows any more; return whether it went. Idempotent."""
    return contents.purge(digest)


STAGE_ACTORS = (make_preview, make_renditions, finish_renditions)


def next_actor(asset: Asset) -> Actor[[str], list[str]]:
    """Return who goes on with an asset that is not complete."""
    if asset.state == Asset.State.READY:
        return finish_renditions
    return make_renditions if asset.thumb_hash else make_preview


def send_next(asset: Asset) -> None:
    """Have an asset go on when the transaction commits; the caller saves which message does it."""
    asset.task_id = UUID(next_actor(asset).delay_on_commit(str(asset.pk)).id)


def tell_owner(asset_id: UUID) -> None:
    """Tell the owner's open pages how an asset stands now."""
    if told := queries.image_for_event(asset_id):
        owner_id, image = told
        topics.publish(f"user:{owner_id}", "image", image)


def _make(asset_id: str, *stages: Stage) -> list[str]:
    begun = time.monotonic()
    by = current_message_id.get() or str(uuid4())
    try:
        names = renditions.make(UUID(asset_id), stages, by=by, then=_go_on)
    except (AssetClaimed, NoRoom) as error:
        raise Retry(str(error), delay=int(error.retry_in_s * 1000)) from error
    logger.info("%s: %d files, %.2f s.", asset_id, len(names), time.monotonic() - begun)
    tell_owner(UUID(asset_id))
    return names


def _go_on(asset: Asset) -> None:
    if not asset.complete:
        send_next(asset)
