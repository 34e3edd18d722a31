"""The pages for what went wrong: words and a way on. They need no database and no session.

Under `/api/` the same errors are RFC 9457 problems, for programs.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template import loader

from media_app.views.problems import problem


@dataclass(frozen=True)
class _Trouble:
    status: int
    code: str
    title: str
    detail: str


BAD_REQUEST = _Trouble(
    400,
    "bad_request",
    "This request makes no sense to us",
    "Something in it is broken or too large. Go back, reload the page and try once more.",
)
FORBIDDEN = _Trouble(
    403,
    "forbidden",
    "This is not open to you",
    "You may need to log in with another account.",
)
CSRF = _Trouble(
    403,
    "csrf",
    "This page was too old to send",
    "You logged in or out in another tab since it was loaded, or cookies are switched off. "
    "Reload the page and try once more.",
)
NOT_FOUND = _Trouble(
    404,
    "not_found",
    "There is nothing here",
    "The address may be mistyped, or what stood here was deleted.",
)
SERVER_ERROR = _Trouble(
    500,
    "server_error",
    "That is our fault",
    "Something broke on our side. Pictures that were accepted are safe. Try again in a minute.",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    return _answer(request, BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return _answer(request, FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _answer(request, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, with the database away too."""
    return _answer(request, SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form whose token is missing or old."""
    return _answer(request, CSRF)


def _answer(request: HttpRequest, trouble: _Trouble) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(trouble.status, trouble.code, trouble.detail)
    html = loader.render_to_string("errors/error.html", {"trouble": trouble, "path": request.path})
    return HttpResponse(html, status=trouble.status)
