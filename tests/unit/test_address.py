"""What a URL of Redis says: the same as to redis-py, which is only asked where it must be."""

from __future__ import annotations

import subprocess
import sys

import pytest
from redis.connection import parse_url

from actors.wire.address import address_of

URLS = (
    "redis://",
    "redis://h",
    "redis://h:6379/",
    "redis://h/3",
    "redis://h/not-a-number",
    "redis://h?db=4",
    "redis://h/3?db=4",
    "redis://:secret@h:1/2",
    "redis://user:p%40ss%2Fword@h.example:6380/0",
    "redis://user@h",
    "redis://[::1]:6379/3",
    "unix:///tmp/a%20folder/redis.sock",
    "unix://user:secret@/redis.sock",
    "unix:///redis.sock?db=3",
)


@pytest.mark.parametrize("url", URLS)
def test_a_url_says_what_it_says_to_redis_py(url):
    said = parse_url(url)

    address = address_of(url)

    assert address.host == said.get("host", "localhost")
    assert address.port == said.get("port", 6379)
    assert address.db == said.get("db", 0)
    for name in ("path", "username", "password"):
        assert getattr(address, name) == said.get(name), name


@pytest.mark.parametrize("url", ["http://h", "", "h:6379"])
def test_what_is_no_url_of_redis_is_refused(url):
    with pytest.raises(ValueError, match="redis://"):
        address_of(url)


def test_a_plain_url_does_not_load_redis_py():
    code = (
        "import sys; from actors.wire.address import address_of; "
        "address_of('unix:///a'); print('redis' in sys.modules)"
    )

    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert seen.stdout.strip() == "False"
