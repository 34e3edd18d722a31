"""The app of the facade."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from actors import conf


class ActorsConfig(AppConfig):
    """Loads every app's actors, so that each process knows them all."""

    name = "actors"

    def ready(self) -> None:
        """Import what `rundramatiq` imports."""
        autodiscover_modules(*conf.actor_modules())
