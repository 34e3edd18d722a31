"""The rows: people with their tokens, assets with their renditions, batches, notices."""

from __future__ import annotations

from media_app.models.assets import Asset, Original, Rendition
from media_app.models.batches import Batch
from media_app.models.notices import Notice
from media_app.models.people import ApiToken, User

__all__ = ["ApiToken", "Asset", "Batch", "Notice", "Original", "Rendition", "User"]
