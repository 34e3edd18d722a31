"""The settings of `actors`, with what holds where a project does not set them."""

from __future__ import annotations

from django.conf import settings


def redis_url() -> str:
    """`ACTORS_REDIS_URL`: where Redis is, in redis-py's form."""
    return getattr(settings, "ACTORS_REDIS_URL", "redis://127.0.0.1:6379/0")


def redis_hint() -> str:
    """`ACTORS_REDIS_HINT`: what a person can do when Redis can't be reached."""
    return getattr(settings, "ACTORS_REDIS_HINT", "Check ACTORS_REDIS_URL, and that it is up.")


def send_timeout_s() -> float:
    """`ACTORS_SEND_TIMEOUT_S`: seconds that connecting, sending and the answer may take in all."""
    return float(getattr(settings, "ACTORS_SEND_TIMEOUT_S", 1.0))


def is_eager() -> bool:
    """`ACTORS_EAGER`: whether `delay` runs the actor here and now, without Redis or a worker."""
    return bool(getattr(settings, "ACTORS_EAGER", False))


def actor_modules() -> tuple[str, ...]:
    """`DRAMATIQ_AUTODISCOVER_MODULES`: the modules of an app that hold actors."""
    return tuple(getattr(settings, "DRAMATIQ_AUTODISCOVER_MODULES", ("tasks",)))
