"""Who may see a file: its owner, and who holds a link that opens it.

One hop to a thread does everything before the first byte: who calls, what is there, opening it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from media_app import addresses
from media_app.views.callers import View, bearer_token, find_caller, not_allowed
from media_app.views.problems import CONTENT_TYPE, not_found, unauthorized

#: Seconds. HTTP's "for ever".
YEAR_S = 365 * 24 * 60 * 60
METHODS = ("GET", "HEAD")


@dataclass(frozen=True)
class Access:
    """To the images of one person; or, by a link, to the file of its address until `expires`."""

    owner_id: int | None
    expires: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of all that is shown. A link's file may be shown in a page or mail elsewhere."""
        if self.expires is None:
            return {"Cross-Origin-Resource-Policy": "same-origin"}
        return {"Cross-Origin-Resource-Policy": "cross-origin", "Referrer-Policy": "no-referrer"}

    @property
    def keep_for_ever(self) -> str:
        """`Cache-Control` of what never changes: kept no longer than it may be seen."""
        left_s = YEAR_S if self.expires is None else max(self.expires - int(time.time()), 0)
        return f"private, max-age={min(left_s, YEAR_S)}, immutable"


type Find[**P] = Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase]


def file_view[**P](find: Find[P]) -> View:
    """Make an async view for GET and HEAD of a function that blocks and is told the access."""

    @wraps(find)
    async def view(request: HttpRequest, **found: Any) -> HttpResponseBase:
        if request.method not in METHODS:
            return not_allowed(request, METHODS)
        response = await sync_to_async(_admitted)(request, find, found)
        if response.status_code == HTTPStatus.NOT_FOUND and _is_opened_as_page(request):
            raise Http404
        return response

    return csrf_exempt(view)


def _is_opened_as_page(request: HttpRequest) -> bool:
    """Whether a person opens the address, as that of a link in a mail: a page can say it better."""
    return request.get_preferred_type([CONTENT_TYPE, "text/html"]) == "text/html"


def _admitted(request: HttpRequest, find: Find[...], found: dict[str, Any]) -> HttpResponseBase:
    try:
        access = _access(request)
        return find(request, access, **found) if isinstance(access, Access) else access
    finally:
        # Sending may take long, and asks the database for nothing more.
        close_old_connections()


def _access(request: HttpRequest) -> Access | HttpResponse:
    """Return what a request opens. A link that doesn't, any more, is as if nothing was there."""
    expires = addresses.opened_until(request.path, request.GET.dict())
    if expires is not None:
        return Access(owner_id=None, expires=expires)
    if caller := find_caller(request):
        return Access(owner_id=caller.pk)
    if "signature" in request.GET:
        return not_found()
    return unauthorized(bad_token=bearer_token(request) is not None)
