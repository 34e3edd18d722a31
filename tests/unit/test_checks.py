"""System checks: each finds what it is for, and says what to do."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from django.apps import apps
from django.core import checks as django_checks
from django_dramatiq.middleware import AdminMiddleware
from dramatiq.brokers.stub import StubBroker
from dramatiq.encoder import JSONEncoder
from dramatiq.middleware import AgeLimit, AsyncIO, CurrentMessage, Middleware, Retries
from dramatiq.middleware import GroupCallbacks as DramatiqGroupCallbacks
from dramatiq.rate_limits.backends import StubBackend as StubLimits
from dramatiq.results import Results
from dramatiq.results.backends import StubBackend

from actors import sweeping
from actors.middleware import DeadLetters
from actors.sweeper import Sweep
from actors.testing import capture


class Shouting(Middleware):
    """One that does something at each send."""

    def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
        raise NotImplementedError


class Counting(Shouting):
    """One that says that it is quick."""

    sends_from_loop = True


@pytest.fixture
def middleware() -> Iterator[list[Middleware]]:
    """The broker's own list, to be changed."""
    broker = dramatiq.get_broker()
    kept = broker.middleware[:]
    yield broker.middleware
    broker.middleware[:] = kept


def found(*, deploy: bool = False) -> dict[str, django_checks.CheckMessage]:
    told = django_checks.run_checks(tags=["actors"], include_deployment_checks=deploy)
    return {each.id: each for each in told}


def test_the_project_passes_every_check():
    assert found(deploy=True) == {}


def test_a_stand_in_is_checked_as_the_broker_behind_it():
    with capture():
        assert found() == {}


@pytest.mark.parametrize("hooked", [Shouting, AdminMiddleware])
def test_a_sending_hook_that_would_block_the_loop_is_refused(middleware, hooked):
    middleware.append(hooked())

    message = found()["actors.E001"]

    assert f"{hooked.__module__}.{hooked.__qualname__} has before_enqueue" in message.msg
    assert "sends_from_loop = True" in message.hint


def test_hooks_that_say_so_are_quick_and_what_has_none_is_fine(middleware):
    middleware += [Counting(), AgeLimit(), CurrentMessage()]

    assert found() == {}


def test_dramatiqs_metrics_count_in_memory_and_are_fine(middleware, monkeypatch, tmp_path):
    monkeypatch.setenv("dramatiq_prom_db", str(tmp_path))
    prometheus = importlib.import_module("dramatiq.middleware.prometheus")

    middleware.append(prometheus.Prometheus())

    assert found() == {}


def test_another_broker_is_refused():
    ours = dramatiq.get_broker()
    dramatiq.set_broker(StubBroker(middleware=ours.middleware))
    try:
        message = found()["actors.E002"]
    finally:
        dramatiq.set_broker(ours)

    assert "dramatiq.brokers.stub.StubBroker, whose sends can't be awaited" in message.msg
    assert "actors.broker.RedisBroker" in message.hint


@pytest.mark.parametrize("value", [0, -1.5, "1", None, True, float("nan")])
def test_a_send_timeout_out_of_range_is_refused(settings, value):
    settings.ACTORS_SEND_TIMEOUT_S = value

    message = found()["actors.E003"]

    assert message.msg == f"ACTORS_SEND_TIMEOUT_S is {value!r}; expected a number above 0."


@pytest.mark.parametrize("name", ["ACTORS_SWEEP_AFTER_S", "ACTORS_SWEEP_INTERVAL_S"])
def test_times_of_the_sweep_out_of_range_are_refused(settings, name):
    setattr(settings, name, 0)

    assert found()["actors.E003"].msg == f"{name} is 0; expected a number above 0."


def test_a_result_ttl_out_of_range_is_refused(middleware, monkeypatch):
    [results] = [each for each in middleware if isinstance(each, Results)]
    monkeypatch.setattr(results, "result_ttl", -1)

    assert found()["actors.E003"].msg.startswith("The result_ttl of Results is -1; expected")


@pytest.mark.parametrize("url", ["localhost:6379", "redis://host:port/0", "redis://h/0?db=one"])
def test_a_redis_url_that_cant_be_read_is_refused_without_showing_it(settings, url):
    settings.ACTORS_REDIS_URL = url.replace("//", "//:secret@")

    message = found()["actors.E004"]

    assert message.msg.startswith("ACTORS_REDIS_URL can't be read: ")
    assert "secret" not in message.msg
    assert "unix:///path" in message.hint


@pytest.mark.parametrize("url", ["redis://:secret@h:1/2", "rediss://h", "unix:///run/r.sock?db=1"])
def test_a_redis_url_of_redis_pys_is_fine(settings, url):
    settings.ACTORS_REDIS_URL = url

    assert found() == {}


def test_without_retries_a_failure_would_end_as_a_success(middleware):
    middleware[:] = [each for each in middleware if not isinstance(each, Retries)]

    assert "would end as if it had succeeded" in found()["actors.E005"].msg


def test_results_where_get_does_not_look_are_refused(middleware):
    middleware[:] = [each for each in middleware if not isinstance(each, Results)]
    assert found().keys() == {"actors.W002"}

    middleware.append(Results(backend=StubBackend()))
    message = found()["actors.E006"]

    assert "stub.StubBackend, where get() does not look" in message.msg
    assert "actors.results.RedisBackend" in message.hint


def test_dramatiqs_own_group_callbacks_are_refused(middleware):
    middleware.append(DramatiqGroupCallbacks(StubLimits()))

    assert "actors.group_callbacks.GroupCallbacks" in found()["actors.E007"].hint


def test_async_actors_need_what_runs_them(middleware):
    middleware[:] = [each for each in middleware if not isinstance(each, AsyncIO)]

    message = found()["actors.E008"]

    assert "develop_slowly" in message.msg
    assert "dramatiq.middleware.AsyncIO" in message.hint


def test_a_slower_encoder_is_warned_of(monkeypatch):
    monkeypatch.setattr(dramatiq.message, "global_encoder", JSONEncoder())

    assert "dramatiq.encoder.JSONEncoder; sending takes longer" in found()["actors.W001"].msg


def test_a_middleware_of_ours_that_is_missing_is_warned_of(middleware):
    middleware[:] = [each for each in middleware if not isinstance(each, DeadLetters)]

    message = found()["actors.W003"]

    assert message.msg.startswith("DeadLetters is missing: messages that fail for good")
    assert "actors.middleware.DeadLetters" in message.hint


def test_a_missing_sweep_is_warned_of_where_an_app_counts_on_it(middleware, monkeypatch):
    middleware[:] = [each for each in middleware if not isinstance(each, Sweep)]

    assert "Sweep is missing: what Redis loses of images," in found()["actors.W003"].msg
    monkeypatch.setattr(sweeping, "_watches", {})
    assert found() == {}


def test_eager_mode_is_warned_of_in_production_only(settings):
    settings.ACTORS_EAGER = True

    assert found() == {}
    assert "requests wait for the work" in found(deploy=True)["actors.W004"].msg


def test_the_checks_are_those_of_the_app():
    registered = django_checks.registry.registry.get_checks(include_deployment_checks=True)

    assert apps.is_installed("actors")
    assert sum(each.__module__ == "actors.checks" for each in registered) == 4
