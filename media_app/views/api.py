"""The JSON API of images but for uploads: parses input, calls the use case, answers."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from media_app import batches, file_queries, ingest, queries
from media_app.views.callers import CalledRequest, api
from media_app.views.focal_points import focal_of_json
from media_app.views.problems import not_found, problem

#: Images that one request may name as seen.
SEEN_MAX = 500
#: Seconds. How long a link to a file may open it.
LINK_LIFE_MAX_S = 30 * 24 * 60 * 60


@api("GET", "HEAD")
async def images(request: CalledRequest) -> HttpResponse:
    """List the caller's images; `views.uploads` takes new ones before Django is asked."""
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


@api("GET", "HEAD", "PATCH", "DELETE")
async def image(request: CalledRequest, asset_id: UUID) -> HttpResponse:
    """Show, change or delete one image of the caller."""
    if request.method == "DELETE":
        deleted = await ingest.adelete(asset_id, request.caller.pk)
        return HttpResponse(status=204) if deleted else not_found()
    if request.method == "PATCH":
        try:
            focal = focal_of_json(request.body)
        except ValueError as error:
            return problem(400, "bad_parameter", str(error))
        if not await ingest.aset_focal_point(asset_id, request.caller.pk, focal):
            return not_found()
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


@api("POST")
async def seen(request: CalledRequest) -> HttpResponse:
    """Note that a page has shown how these images ended: no mail tells what was seen."""
    try:
        asset_ids = {UUID(each) for each in json.loads(request.body)["ids"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        asset_ids = set()
    if not 1 <= len(asset_ids) <= SEEN_MAX:
        detail = f'The body is no JSON like {{"ids": [...]}} with 1 to {SEEN_MAX} ids of images.'
        return problem(400, "bad_parameter", detail)
    return JsonResponse({"seen": await batches.amark_seen(request.caller.pk, asset_ids)})


@api("POST")
async def links(request: CalledRequest, asset_id: UUID) -> HttpResponse:
    """Give out links that open the files of one image of the caller without a login."""
    life_s = request.GET.get("life", str(int(settings.SIGNED_URL_LIFE_S)))
    if not life_s.isdecimal() or not 1 <= int(life_s) <= LINK_LIFE_MAX_S:
        detail = f"life is {life_s!r}; expected whole seconds from 1 to {LINK_LIFE_MAX_S}."
        return problem(400, "bad_parameter", detail)
    found = await file_queries.alinks_of(
        request.caller.pk, asset_id, timedelta(seconds=int(life_s))
    )
    headers = {"Cache-Control": "no-store"}
    return JsonResponse(found, headers=headers) if found else not_found()


async def unknown(request: HttpRequest, path: str) -> HttpResponse:
    """Answer for an address that the API has not."""
    return problem(404, "no_such_address", f"The API has no /api/{path}. See /api/images.")
