"""The app of uploads, renditions and mails."""

from __future__ import annotations

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Connects the signal handlers, and what the sweep looks after, when every model is loaded."""

    name = "media_app"
    verbose_name = "Darkroom"

    def ready(self) -> None:
        """Connect the handlers, and tell the workers' sweep of our rows and files."""
        from media_app import signals, stale, tidying  # noqa: F401 - the first connects by being imported

        stale.register()
        tidying.register()
