"""The settings of `actors`, with what holds where a project does not set them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

#: What was read once; a send would feel Django's own way to a setting. `override_settings` and
#: pytest-django's `settings` tell of a change.
_values: dict[str, Any] = {}


def redis_url() -> str:
    """`ACTORS_REDIS_URL`: where Redis is, in redis-py's form."""
    url: str = _value("ACTORS_REDIS_URL", "redis://127.0.0.1:6379/0")
    return url


def redis_hint() -> str:
    """`ACTORS_REDIS_HINT`: what a person can do when Redis can't be reached."""
    hint: str = _value("ACTORS_REDIS_HINT", "Check ACTORS_REDIS_URL, and that it is up.")
    return hint


def send_timeout_s() -> float:
    """`ACTORS_SEND_TIMEOUT_S`: seconds that connecting, sending and the answer may take in all."""
    return float(_value("ACTORS_SEND_TIMEOUT_S", 1.0))


def sweep_after_s() -> float:
    """`ACTORS_SWEEP_AFTER_S`: seconds that a row may be without a living message."""
    return float(_value("ACTORS_SWEEP_AFTER_S", 60.0))


def sweep_interval_s() -> float:
    """`ACTORS_SWEEP_INTERVAL_S`: seconds between two rounds of the sweep, of all workers."""
    return float(_value("ACTORS_SWEEP_INTERVAL_S", 30.0))


def dead_letter_days() -> float:
    """`ACTORS_DEAD_LETTER_DAYS`: days that a dead letter is kept; 0 for ever."""
    return float(_value("ACTORS_DEAD_LETTER_DAYS", 90))


def most_dead_letters() -> int:
    """`ACTORS_MOST_DEAD_LETTERS`: dead letters kept, the oldest goes first; 0 for any number."""
    return int(_value("ACTORS_MOST_DEAD_LETTERS", 1_000_000))


def is_eager() -> bool:
    """`ACTORS_EAGER`: whether `delay` runs the actor here and now, without Redis or a worker."""
    return bool(_value("ACTORS_EAGER", False))


def actor_modules() -> tuple[str, ...]:
    """`DRAMATIQ_AUTODISCOVER_MODULES`: the modules of an app that hold actors."""
    return tuple(_value("DRAMATIQ_AUTODISCOVER_MODULES", ("tasks",)))


def _value(name: str, default: Any) -> Any:
    try:
        return _values[name]
    except KeyError:
        value = _values[name] = getattr(settings, name, default)
        return value


def _forget(*, setting: str, **_: Any) -> None:
    _values.pop(setting, None)


setting_changed.connect(_forget, dispatch_uid="actors.conf")
