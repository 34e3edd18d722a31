"""Who calls the API: the session's user, or the owner of a bearer token.

A session's writes need the CSRF token, since a browser sends the cookie by itself; a token's
don't.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

from media_app.models import ApiToken, User
from media_app.views.problems import problem, unauthorized

type View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class CalledRequest(HttpRequest):
    """A request whose caller is known."""

    caller: User


def bearer_token(request: HttpRequest) -> str | None:
    """Return the token of an `Authorization: Bearer` header; None where there is no such header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def find_caller(request: HttpRequest) -> User | None:
    """Return the person behind a request: a bearer token counts before the session. Blocks."""
    token = bearer_token(request)
    if token is not None:
        found = ApiToken.find(token)
        return found.user if found else None
    user = get_user(request)
    return user if isinstance(user, User) else None


def admit(request: HttpRequest) -> User | HttpResponse:
    """Return the caller, or the answer that refuses the request. Blocks."""
    caller = find_caller(request)
    if caller is None:
        return unauthorized(bad_token=bearer_token(request) is not None)
    return csrf_refusal(request) or caller


def api(*methods: str) -> Callable[[View], View]:
    """Make an async view part of the API: authenticated, and with problems for errors."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return not_allowed(request, methods)
            caller = await sync_to_async(admit)(request)
            if isinstance(caller, HttpResponse):
                return caller
            request.caller = caller
            return await view(request, *args, **kwargs)

        return csrf_exempt(wrapped)

    return decorate


def not_allowed(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    """Return the answer to a method that an address has not."""
    allowed = ", ".join(methods)
    detail = f"{request.method} is not possible here; use {allowed}."
    response = problem(405, "method_not_allowed", detail)
    response["Allow"] = allowed
    return response


def csrf_refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a session's write without its token, which is no answer to others."""
    if request.method in ("GET", "HEAD") or bearer_token(request) is not None:
        return None
    if _CsrfCheck(_nothing).reason(request) is None:
        return None
    detail = "The CSRF token is missing or old. Reload the page, or send it as X-CSRFToken."
    return problem(403, "csrf_failed", detail)


def _nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check, asked for its verdict instead of its answer page."""

    def reason(self, request: HttpRequest) -> Any:
        self.process_request(request)
        return self.process_view(request, _nothing, (), {})

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason
