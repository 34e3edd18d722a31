"""The JSON API of images: parses input, calls the use case, answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError

from media_app import ingest, queries
from media_app.exceptions import NoFile, RejectedUpload
from media_app.views import bodies
from media_app.views.callers import CalledRequest, api
from media_app.views.problems import not_found, problem, rejected


class BadParameter(ValueError):
    """A parameter that can't be used; the text says which and what is expected."""


@api("GET", "HEAD", "POST")
async def images(request: CalledRequest) -> HttpResponse:
    """List the caller's images, or take a new one."""
    return await (_upload(request) if request.method == "POST" else _list(request))


@api("GET", "HEAD", "DELETE")
async def image(request: CalledRequest, asset_id: UUID) -> HttpResponse:
    """Show or delete one image of the caller."""
    if request.method == "DELETE":
        deleted = await ingest.adelete(asset_id, request.caller.pk)
        return HttpResponse(status=204) if deleted else not_found()
    found = await queries.aget_image(request.caller.pk, asset_id)
    return JsonResponse(found) if found else not_found()


@api("POST")
async def retry(request: CalledRequest, asset_id: UUID) -> HttpResponse:
    """Develop a failed image of the caller again."""
    begun = await ingest.aretry(asset_id, request.caller.pk)
    found = await queries.aget_image(request.caller.pk, asset_id)
    if found is None:
        return not_found()
    if not begun:
        detail = f"Only a failed image can be tried again; this one is {found['state']}."
        return problem(409, "not_failed", detail)
    return JsonResponse(found, status=202)


async def unknown(request: HttpRequest, path: str) -> HttpResponse:
    """Answer for an address that the API has not."""
    return problem(404, "no_such_address", f"The API has no /api/{path}. See /api/images.")


async def _upload(request: CalledRequest) -> HttpResponse:
    try:
        taken = await _areceive(request)
    except RejectedUpload as error:
        return rejected(error)
    except BadParameter as error:
        return problem(400, "bad_parameter", str(error))
    except (MultiPartParserError, SuspiciousOperation) as error:
        return problem(400, "bad_multipart", f"The multipart body can't be read: {error}")
    return JsonResponse(taken, status=202, headers={"Location": taken["url"]})


def _receive(request: CalledRequest) -> dict[str, Any]:
    """Take the body in; off the loop, in one hop, with a database connection for just that."""
    file, fields = _file_of(request)
    try:
        batch = _uuid(fields.get("batch"))
        name = fields.get("filename") or file.name
        asset = ingest.receive(file, owner=request.caller, file_name=name, batch=batch)
        return queries.image_json(asset)
    finally:
        file.close()
        close_old_connections()


_areceive = sync_to_async(_receive, thread_sensitive=False, executor=bodies.threads)


def _file_of(request: CalledRequest) -> tuple[UploadedFile[Any], dict[str, str]]:
    """Return the uploaded file, and the parameters that came with it."""
    body = request.scope[bodies.SCOPE_KEY]
    fields = request.GET.dict()
    if (request.content_type or "").startswith("image/"):
        fields.setdefault("filename", "image")
        return body, fields
    if request.content_type != "multipart/form-data":
        raise NoFile
    posted, files = bodies.files_of(request, body)
    if "file" not in files:
        raise NoFile
    return files["file"], {**fields, **posted.dict()}


async def _list(request: CalledRequest) -> HttpResponse:
    limit = request.GET.get("limit", str(queries.PAGE_DEFAULT))
    if not limit.isdecimal() or not 1 <= int(limit) <= queries.PAGE_MAX:
        detail = f"limit is {limit!r}; expected a whole number from 1 to {queries.PAGE_MAX}."
        return problem(400, "bad_parameter", detail)
    try:
        page = await queries.alist_images(
            request.caller.pk, limit=int(limit), cursor=request.GET.get("cursor")
        )
    except queries.BadCursor:
        detail = "The cursor is none that a list has given out. Begin without one."
        return problem(400, "bad_parameter", detail)
    return JsonResponse(page)


def _uuid(batch: str | None) -> UUID | None:
    try:
        return UUID(batch) if batch else None
    except ValueError:
        raise BadParameter(f"batch is {batch!r}; expected a UUID, or none.") from None
