"""System checks: what in a project's settings would break a promise of the facade.

- E001 a middleware whose sending hooks would block an event loop
- E002 the broker is not ours
- E003 a setting is out of range
- E004 ACTORS_REDIS_URL can't be read
- E005 `Retries` is missing: what fails would be lost
- E006 results are kept where `get()` does not look
- E007 Dramatiq's own `GroupCallbacks`: a group's end could be lost or told twice
- E008 an `async def` actor, and nothing that runs it
- W001 a slower encoder
- W002 no `Results`: nothing for `get()` to return
- W003 a middleware is missing that others count on
- W004 eager mode in production
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
import dramatiq.message
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django_dramatiq.middleware import DbConnectionsMiddleware
from dramatiq import Broker
from dramatiq.middleware import AsyncIO, Middleware, Pipelines, Retries
from dramatiq.middleware import GroupCallbacks as DramatiqGroupCallbacks
from dramatiq.results import Results

from actors import conf, sweeping
from actors.broker import RedisBroker
from actors.encoding import FastEncoder
from actors.facade import Actor
from actors.group_callbacks import GroupCallbacks
from actors.middleware import DeadLetters, Facade, OutboxRelay
from actors.results import RedisBackend
from actors.stand_in import StandIn
from actors.sweeper import Sweep
from actors.wire.address import address_of

#: Middleware that is not ours, whose sending hooks only count in memory.
_KNOWN_TO_BE_QUICK = frozenset({"dramatiq.middleware.prometheus.Prometheus"})
#: What is lost without each of these.
_LOST_WITHOUT: dict[type[Middleware], str] = {
    Pipelines: "a chain ends after its first message",
    GroupCallbacks: "what follows a group never runs",
    DbConnectionsMiddleware: "workers keep database connections that are long closed",
    DeadLetters: "messages that fail for good are not kept in the database",
    OutboxRelay: "what delay_on_commit() could not send at once is never sent",
    Facade: "an actor that waits for a result can deadlock its worker, unrefused",
}


def check_broker(**_: Any) -> list[CheckMessage]:
    """Check the broker, its encoder and where results are kept."""
    broker = _broker()
    if not isinstance(broker, RedisBroker):
        return [
            Error(
                f"The broker is {_path(broker)}, whose sends can't be awaited: adelay() would fail "
                "and delay() would block the event loop.",
                hint='Set DRAMATIQ_BROKER["BROKER"] to "actors.broker.RedisBroker", and name '
                '"django_dramatiq" before "actors" in INSTALLED_APPS.',
                id="actors.E002",
            )
        ]
    return [*_encoder_messages(), *_results_messages(broker)]


def check_middleware(**_: Any) -> list[CheckMessage]:
    """Check that each message's end is whole, and that no sending hook blocks an event loop."""
    broker = _broker()
    return [
        *_sending_hook_messages(broker),
        *_missing_messages(broker),
        *_async_messages(broker),
    ]


def check_settings(**_: Any) -> list[CheckMessage]:
    """Check what our settings say."""
    return [
        *_range_messages("ACTORS_SEND_TIMEOUT_S", getattr(settings, "ACTORS_SEND_TIMEOUT_S", 1.0)),
        *_range_messages("ACTORS_SWEEP_AFTER_S", getattr(settings, "ACTORS_SWEEP_AFTER_S", 60.0)),
        *_range_messages(
            "ACTORS_SWEEP_INTERVAL_S", getattr(settings, "ACTORS_SWEEP_INTERVAL_S", 30.0)
        ),
        *_result_ttl_messages(_broker()),
        *_redis_url_messages(),
    ]


def check_production(**_: Any) -> list[CheckMessage]:
    """Check what is right only while an app is developed or tested."""
    if not conf.is_eager():
        return []
    return [
        Warning(
            "ACTORS_EAGER is set: requests wait for the work they send, and nothing is retried.",
            hint="Unset ACTORS_EAGER and run workers.",
            id="actors.W004",
        )
    ]


def _encoder_messages() -> Iterator[CheckMessage]:
    encoder = dramatiq.message.global_encoder
    if not isinstance(encoder, FastEncoder):
        yield Warning(
            f"Messages are encoded by {_path(encoder)}; sending takes longer than it could.",
            hint='Set DRAMATIQ_ENCODER to "actors.encoding.FastEncoder": the same JSON, sooner.',
            id="actors.W001",
        )


def _results_messages(broker: Broker) -> Iterator[CheckMessage]:
    found = [each for each in broker.middleware if isinstance(each, Results)]
    if not found:
        yield Warning(
            "Results are not kept: get() and aget() will raise ResultsDisabled.",
            hint='Set DRAMATIQ_RESULT_BACKEND to {"BACKEND": "actors.results.RedisBackend", '
            '"MIDDLEWARE_OPTIONS": {"store_results": True}}.',
            id="actors.W002",
        )
    for each in found:
        if not isinstance(each.backend, RedisBackend):
            yield Error(
                f"Results are kept by {_path(each.backend)}, where get() does not look for them.",
                hint='Set DRAMATIQ_RESULT_BACKEND["BACKEND"] to "actors.results.RedisBackend".',
                id="actors.E006",
            )


def _sending_hook_messages(broker: Broker) -> Iterator[CheckMessage]:
    for each in broker.sending_hooks() if isinstance(broker, RedisBroker) else ():
        if not _is_quick(each):
            yield Error(
                f"{_path(each)} has before_enqueue or after_enqueue, which adelay() would call on "
                "the event loop: all requests would wait for it.",
                hint="Remove it. If it is yours and does no I/O, such as SQL or a request, say so "
                "in its class: sends_from_loop = True.",
                id="actors.E001",
            )


def _missing_messages(broker: Broker) -> Iterator[CheckMessage]:
    kinds = {type(each) for each in broker.middleware}
    if not any(issubclass(kind, Retries) for kind in kinds):
        yield Error(
            "Retries is missing: a message whose actor raises would end as if it had succeeded.",
            hint='Add "dramatiq.middleware.Retries" to DRAMATIQ_BROKER["MIDDLEWARE"]; for no '
            "retries, declare actors with max_retries=0.",
            id="actors.E005",
        )
    if DramatiqGroupCallbacks in kinds:
        yield Error(
            "Dramatiq's GroupCallbacks counts a group's messages apart from their ends: after a "
            "crash its callbacks are lost.",
            hint='Put "actors.group_callbacks.GroupCallbacks" in its place.',
            id="actors.E007",
        )
    lost_without = dict(_LOST_WITHOUT)
    if names := ", ".join(sweeping.watched()):
        lost_without[Sweep] = f"what Redis loses of {names} is never sent again"
    for needed, lost in lost_without.items():
        if not any(issubclass(kind, needed) for kind in kinds):
            path = f"{needed.__module__}.{needed.__name__}"
            yield Warning(
                f"{needed.__name__} is missing: {lost}.",
                hint=f'Add "{path}" to DRAMATIQ_BROKER["MIDDLEWARE"].',
                id="actors.W003",
            )


def _async_messages(broker: Broker) -> Iterator[CheckMessage]:
    actors = [each for each in broker.actors.values() if isinstance(each, Actor)]
    names = sorted(each.actor_name for each in actors if each.coroutine_function is not None)
    if names and not any(isinstance(each, AsyncIO) for each in broker.middleware):
        yield Error(
            f"No worker can run async def actors, and there are some: {', '.join(names)}.",
            hint='Add "dramatiq.middleware.AsyncIO" to DRAMATIQ_BROKER["MIDDLEWARE"].',
            id="actors.E008",
        )


def _result_ttl_messages(broker: Broker) -> Iterator[CheckMessage]:
    for each in broker.middleware:
        if isinstance(each, Results):
            yield from _range_messages("The result_ttl of Results", each.result_ttl)


def _range_messages(name: str, value: object) -> Iterator[CheckMessage]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        yield Error(
            f"{name} is {value!r}; expected a number above 0.",
            hint="Give it one, or leave it out for the default.",
            id="actors.E003",
        )


def _redis_url_messages() -> Iterator[CheckMessage]:
    try:
        address_of(conf.redis_url())
    except Exception as error:
        # Whatever redis-py meets in it. The URL is not shown: it may hold a password.
        yield Error(
            f"ACTORS_REDIS_URL can't be read: {error}",
            hint="Expected redis://[user:password@]host:port/db, rediss://... or "
            "unix:///path?db=0, as redis-py takes it.",
            id="actors.E004",
        )


def _is_quick(middleware: Middleware) -> bool:
    return _path(middleware) in _KNOWN_TO_BE_QUICK or bool(
        getattr(middleware, "sends_from_loop", False)
    )


def _broker() -> Broker:
    broker = dramatiq.get_broker()
    while isinstance(broker, StandIn):
        broker = broker.real
    return broker


def _path(thing: object) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
