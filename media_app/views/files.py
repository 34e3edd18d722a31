"""The files of images: renditions under addresses that never change, originals to be saved."""

from __future__ import annotations

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from media_app import addresses, file_queries
from media_app.models import Rendition
from media_app.presets import content_type
from media_app.views.access import Access, file_view
from media_app.views.file_answers import answer_with_file
from media_app.views.problems import not_found, problem

logger = logging.getLogger(__name__)

#: `Cache-Control` of originals and redirects: kept, and asked for again each time.
ASK_AGAIN = "private, no-cache"


@file_view
def rendition(
    request: HttpRequest, access: Access, asset_id: UUID, stem: str, ending: str
) -> HttpResponseBase:
    """Send a rendition, or lead to it from an address without its recipe or with an old one."""
    made = file_queries.find_renditions(asset_id, access.owner_id)
    for one in made:
        if addresses.rendition_path(one) == request.path:
            return _send_rendition(request, access, one)
    newest = _newest(made, stem, ending)
    # A link to an old recipe was for its pixels: another crop may show more.
    if newest and (access.expires is None or request.path == addresses.newest_path(newest)):
        return _lead_to(newest, access)
    return not_found()


@file_view
def original(request: HttpRequest, access: Access, asset_id: UUID) -> HttpResponseBase:
    """Send the original as it came, to be saved and not shown."""
    found = file_queries.find_original(asset_id, access.owner_id)
    if found is None:
        return not_found()
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": content_disposition_header(True, found.file_name) or "attachment",
        "ETag": f'"{found.original_id}"',
        "Cache-Control": ASK_AGAIN,
    }
    return _send(request, access, found.original.name, headers)


def _send_rendition(request: HttpRequest, access: Access, made: Rendition) -> HttpResponseBase:
    headers = {
        "Content-Type": content_type(made.format),
        # Of the whole name the part that tells who holds a link nothing of the original.
        "ETag": f'"{made.name.rpartition("/")[2]}"',
        "Cache-Control": access.keep_for_ever,
    }
    return _send(request, access, made.name, headers)


def _send(
    request: HttpRequest, access: Access, name: str, headers: dict[str, str]
) -> HttpResponseBase:
    try:
        return answer_with_file(request, name, headers | access.headers)
    except FileNotFoundError:
        logger.error("The storage has no %s, which %s is to show.", name, request.path)
        detail = "This file is missing. That is our fault: please tell us, and upload it again."
        return problem(404, "file_missing", detail)


def _newest(made: list[Rendition], stem: str, ending: str) -> Rendition | None:
    """Return the rendition that `<preset>.<format>`, or another recipe's file, stands for."""
    for one in made:
        preset, extension = stem.rpartition("-")[0], one.name.rpartition(".")[2]
        if (stem, ending) == (one.preset, one.format) or (preset, ending) == (
            one.preset,
            extension,
        ):
            return one
    return None


def _lead_to(made: Rendition, access: Access) -> HttpResponse:
    path = addresses.rendition_path(made)
    if access.expires is not None:
        path = addresses.signed_path(path, access.expires)
    return HttpResponseRedirect(path, headers={"Cache-Control": ASK_AGAIN} | access.headers)
