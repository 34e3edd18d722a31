"""Where an image's files are found, and links that open one of them without a login.

A link is an address with `expires` (seconds since 1970) and a signature over both: it opens that
one file until then, for whoever holds it. Knows nothing of requests.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

from media_app.models import Rendition


def original_path(asset_id: UUID) -> str:
    """Return the address of an asset's original."""
    return f"/images/{asset_id}/original"


def rendition_path(rendition: Rendition) -> str:
    """Return the address of a rendition. It holds the recipe: what it shows never changes."""
    return f"/images/{rendition.asset_id}/{rendition.name.rpartition('/')[2]}"


def newest_path(rendition: Rendition) -> str:
    """Return the address that always leads to an asset's newest rendition of this kind."""
    return f"/images/{rendition.asset_id}/{rendition.preset}.{rendition.format}"


def signed_url(path: str, *, life: timedelta | None = None) -> str:
    """Return a link to the file at `path`, for mails and messages: it begins with `BASE_URL`.

    It opens for `life`, or for `SIGNED_URL_LIFE_S` where none is told.
    """
    life = life or timedelta(seconds=settings.SIGNED_URL_LIFE_S)
    expires = int(time.time() + life.total_seconds())
    return f"{settings.BASE_URL}{signed_path(path, expires)}"


def signed_path(path: str, expires: int) -> str:
    """Return `path` as a link that opens until `expires`, in seconds since 1970."""
    signature = _signer().signature(_statement(path, str(expires)))
    return f"{path}?{urlencode({'expires': expires, 'signature': signature})}"


def opened_until(path: str, query: Mapping[str, str]) -> int | None:
    """Return when a link runs out, in seconds since 1970; None where it opens nothing (any more).

    Compared in constant time; keys in `SECRET_KEY_FALLBACKS` count, too.
    """
    statement = _statement(path, query.get("expires", ""))
    try:
        _signer().unsign(f"{statement} {query.get('signature', '')}")
    except BadSignature:
        return None
    expires = int(query["expires"])
    return expires if time.time() < expires else None


def _signer() -> Signer:
    return Signer(salt="media_app.addresses", sep=" ")


def _statement(path: str, expires: str) -> str:
    return f"{path}?expires={expires}"
