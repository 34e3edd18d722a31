"""Pixels: bytes in, bytes out. The only user of Pillow; knows no models, storage or requests."""

from __future__ import annotations

from media_app.imaging.appetite import memory_needed
from media_app.imaging.development import (
    Developed,
    Development,
    Order,
    develop,
    develop_prepared,
)
from media_app.imaging.gate import Gate
from media_app.imaging.inspection import Source, inspect
from media_app.imaging.stripping import stripped
from media_app.imaging.supervision import Developer

__all__ = [
    "Developed",
    "Developer",
    "Development",
    "Gate",
    "Order",
    "Source",
    "develop",
    "develop_prepared",
    "inspect",
    "memory_needed",
    "stripped",
]
