"""The actors of images."""

from __future__ import annotations

import logging
import time
from uuid import UUID

from actors import actor, topics
from media_app import queries, renditions
from media_app.exceptions import PermanentFailure

logger = logging.getLogger(__name__)


@actor(
    queue_name="renditions",
    max_retries=4,
    min_backoff=2_000,
    max_backoff=60_000,
    time_limit=120_000,
    throws=PermanentFailure,
)
def make_renditions(asset_id: str) -> list[str]:
    """Make all renditions of one asset; return their names. Idempotent."""
    begun = time.monotonic()
    names = renditions.make_all(UUID(asset_id))
    logger.info("Developed %s: %d files, %.2f s.", asset_id, len(names), time.monotonic() - begun)
    tell_owner(UUID(asset_id))
    return names


@actor(max_retries=5, min_backoff=2_000, max_backoff=60_000, time_limit=60_000)
def purge_content(digest: str) -> bool:
    """Remove a content that no asset shows any more; return whether it went. Idempotent."""
    return renditions.purge(digest)


def tell_owner(asset_id: UUID) -> None:
    """Tell the owner's open pages how an asset stands now."""
    if told := queries.image_for_event(asset_id):
        owner_id, image = told
        topics.publish(f"user:{owner_id}", "image", image)
