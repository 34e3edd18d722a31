"""The app of uploads, renditions and mails."""

from __future__ import annotations

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Connects the signal handlers when every model is loaded."""

    name = "media_app"
    verbose_name = "Darkroom"

    def ready(self) -> None:
        """Connect the handlers."""
        from media_app import signals  # noqa: F401 - connects by being imported
