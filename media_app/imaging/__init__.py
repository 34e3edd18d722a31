"""Pixels: bytes in, bytes out. The only user of Pillow; knows no models, storage or requests."""

from __future__ import annotations

from media_app.imaging.development import Developed, develop
from media_app.imaging.inspection import Source, inspect

__all__ = ["Developed", "Source", "develop", "inspect"]
