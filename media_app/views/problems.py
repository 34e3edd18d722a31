"""Errors of the API, as `application/problem+json` (RFC 9457) with a `code` that never changes."""

from __future__ import annotations

import json
from http import HTTPStatus

from django.http import HttpResponse

from media_app.exceptions import RejectedUpload

CONTENT_TYPE = "application/problem+json"


def problem_body(status: int, code: str, detail: str) -> bytes:
    """Return the JSON of a problem. `detail` says what was wrong and what to do."""
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status}
    return json.dumps({**problem, "code": code, "detail": detail}).encode()


def problem(status: int, code: str, detail: str) -> HttpResponse:
    """Return a problem as the answer to a request."""
    response = HttpResponse(
        problem_body(status, code, detail), status=status, content_type=CONTENT_TYPE
    )
    response["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Darkroom"'
    return response


def rejected(error: RejectedUpload) -> HttpResponse:
    """Return the answer to an upload that is refused."""
    return problem(error.status, error.code, error.detail)


def unauthorized(*, bad_token: bool) -> HttpResponse:
    """Return the answer to a request without a person behind it."""
    if bad_token:
        detail = "This API token is unknown or was withdrawn. Make one: manage.py create_token."
        return problem(401, "bad_token", detail)
    detail = "Log in, or send an API token as 'Authorization: Bearer <token>'."
    return problem(401, "not_logged_in", detail)


def not_found() -> HttpResponse:
    """Return the answer for an image that is not there, or not the caller's."""
    return problem(404, "not_found", "There is no image of yours with this id.")
