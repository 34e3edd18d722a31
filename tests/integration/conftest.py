"""Clients of the API, and a picture to send."""

from __future__ import annotations

import pytest

from media_app.models import ApiToken, User
from tests import pictures
from tests.asgi_client import AsgiClient


@pytest.fixture
def ansel(transactional_db) -> User:
    return User.objects.create_user("ansel@example.com", "a long enough passphrase")


@pytest.fixture
def api(ansel: User) -> AsgiClient:
    """A client with Ansel's token."""
    return AsgiClient(ApiToken.issue(ansel))


@pytest.fixture
def stranger(transactional_db) -> AsgiClient:
    """A client with somebody else's token."""
    other = User.objects.create_user("imogen@example.com")
    return AsgiClient(ApiToken.issue(other))


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return pictures.photo(900, 600)
