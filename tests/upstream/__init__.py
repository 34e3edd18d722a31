"""Dramatiq's own tests, run with our broker, and ours in place of those that can't be."""

from __future__ import annotations
