"""Settings of `actors`: read once, and anew when a test changes them."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.test import override_settings

from actors import conf


def test_a_changed_setting_is_seen_and_forgotten_with_the_change():
    before = conf.send_timeout_s()

    with override_settings(ACTORS_SEND_TIMEOUT_S=before + 1):
        assert conf.send_timeout_s() == before + 1

    assert conf.send_timeout_s() == before


def test_the_settings_fixture_is_followed(settings):
    assert conf.is_eager() is False

    settings.ACTORS_EAGER = True

    assert conf.is_eager() is True


def test_one_that_is_unset_has_its_default():
    with override_settings(ACTORS_REDIS_URL="redis://elsewhere"):
        del django_settings.ACTORS_REDIS_URL

        assert conf.redis_url() == "redis://127.0.0.1:6379/0"


def test_a_second_read_does_not_go_through_django(monkeypatch):
    read = []
    url, timeout_s, is_eager = conf.redis_url(), conf.send_timeout_s(), conf.is_eager()

    class Refusing:
        def __getattr__(self, name: str) -> object:
            read.append(name)
            raise AttributeError(name)

    monkeypatch.setattr(conf, "settings", Refusing())

    assert (conf.redis_url(), conf.send_timeout_s()) == (url, timeout_s)
    assert conf.is_eager() is is_eager is bool(getattr(django_settings, "ACTORS_EAGER", False))
    assert read == []
