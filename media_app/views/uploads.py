"""`POST /api/images`, as an ASGI application of its own in front of Django.

Django would read the whole body before any of its code runs, and start a thread for each request,
which the event loop waits for. Here the head alone decides who may send; then the body goes to
disk. All of it runs on a few threads: parallel uploads cost the loop next to nothing.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections
from django.http import HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError

from media_app import ingest, queries
from media_app.exceptions import FileTooLarge, NoFile, RejectedUpload
from media_app.models import User
from media_app.views import bodies
from media_app.views.answers import answer
from media_app.views.callers import admit, bearer_token, csrf_refusal, find_caller
from media_app.views.errors import SERVER_ERROR
from media_app.views.problems import problem, rejected, unauthorized

logger = logging.getLogger(__name__)

#: Threads that admit, parse, hash and store. Not those that write bodies: here a database with one
#: writer is waited for.
threads = ThreadPoolExecutor(2, thread_name_prefix="upload")

PATH = "/api/images"
#: Bytes. What multipart may add around a file.
MULTIPART_SLACK_BYTES = 64 * 1024
AWAY = "The picture was not taken in: our database or disk is away. Send it again in a minute."


class BadParameter(ValueError):
    """A parameter that can't be used; the text says which and what is expected."""


async def take_upload(
    scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Answer an upload: 202 with the image, or a problem. Nothing where the sender has left."""
    request = ASGIRequest(scope, io.BytesIO())
    try:
        response = await _answer_to(request, receive)
    except bodies.SenderGone:
        return
    except (DatabaseError, OSError):
        logger.exception("An upload could not be taken in.")
        response = problem(503, "unavailable", AWAY)
        response["Retry-After"] = "10"
    except Exception:
        # In front of Django nothing else would answer.
        logger.exception("An upload met an error of ours.")
        response = problem(500, "server_error", SERVER_ERROR.detail)
    await answer(response, send)


async def _answer_to(request: ASGIRequest, receive: ASGIReceiveCallable) -> HttpResponse:
    caller = await _hop(_admit, request)
    if isinstance(caller, HttpResponse):
        return caller
    slack_bytes = MULTIPART_SLACK_BYTES if _is_multipart(request) else 0
    limit_bytes = settings.UPLOAD_MAX_BYTES + slack_bytes
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit_bytes:
        return too_large()
    try:
        body = await bodies.take(receive, limit_bytes=limit_bytes)
    except bodies.BodyTooLarge:
        return too_large()
    return await _hop(_take_in, request, caller, body)


def too_large() -> HttpResponse:
    """Return the answer to a body that is too large."""
    return rejected(FileTooLarge(limit_bytes=settings.UPLOAD_MAX_BYTES))


async def _hop[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run work on an upload thread, with a database connection for just that."""

    def run() -> T:
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(threads, run)


def _admit(request: ASGIRequest) -> User | HttpResponse:
    try:
        request.get_host()
    except DisallowedHost as error:
        return problem(400, "bad_host", str(error))
    SessionMiddleware(lambda _: HttpResponse()).process_request(request)
    if _is_multipart(request) and "X-CSRFToken" not in request.headers:
        # The token may be a field of the body: it is looked at when that has come.
        caller = find_caller(request)
        return caller or unauthorized(bad_token=bearer_token(request) is not None)
    return admit(request)


def _is_multipart(request: ASGIRequest) -> bool:
    return request.content_type == "multipart/form-data"


def _take_in(request: ASGIRequest, caller: User, body: TemporaryUploadedFile) -> HttpResponse:
    try:
        file, fields = _file_of(request, body)
        if refusal := csrf_refusal(request):
            file.close()
            return refusal
        image = _receive(caller, file, fields, request.headers.get("Batch"))
    except RejectedUpload as error:
        return rejected(error)
    except BadParameter as error:
        return problem(400, "bad_parameter", str(error))
    except (MultiPartParserError, SuspiciousOperation) as error:
        return problem(400, "bad_multipart", f"The multipart body can't be read: {error}")
    finally:
        # Here, not in a hop of its own: the answer would wait in line once more.
        body.close()
    return JsonResponse(image, status=202, headers={"Location": image["url"]})


def _file_of(
    request: ASGIRequest, body: TemporaryUploadedFile
) -> tuple[UploadedFile[Any], dict[str, str]]:
    """Return the uploaded file, and the parameters that came with it."""
    fields = request.GET.dict()
    if (request.content_type or "").startswith("image/"):
        fields.setdefault("filename", "image")
        return body, fields
    if not _is_multipart(request):
        raise NoFile
    posted, files = bodies.files_of(request, body)
    request.POST = posted  # where Django's check of the CSRF token looks
    if "file" not in files:
        raise NoFile
    return files["file"], {**fields, **posted.dict()}


def _receive(
    caller: User, file: UploadedFile[Any], fields: dict[str, str], header: str | None
) -> dict[str, Any]:
    try:
        name = fields.get("filename") or file.name
        batch = _uuid(fields.get("batch") or header)
        asset = ingest.receive(file, owner=caller, file_name=name, batch=batch)
        return queries.image_json(asset)
    finally:
        file.close()


def _uuid(batch: str | None) -> UUID | None:
    try:
        return UUID(batch) if batch else None
    except ValueError:
        raise BadParameter(f"batch is {batch!r}; expected a UUID, or none.") from None
