"""The app of the facade."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules

from actors import conf, eager
from actors.checks import check_broker, check_middleware, check_production, check_settings


class ActorsConfig(AppConfig):
    """Loads every app's actors, so that each process knows them all."""

    name = "actors"

    def ready(self) -> None:
        """Import what `rundramatiq` imports, and check how it all is put together."""
        autodiscover_modules(*conf.actor_modules())
        eager.follow_setting()
        for check in (check_broker, check_middleware, check_settings):
            checks.register(check, "actors")
        checks.register(check_production, "actors", deploy=True)
