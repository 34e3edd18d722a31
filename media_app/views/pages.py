"""The gallery, and the upload of a browser without JavaScript."""

from __future__ import annotations

import uuid
from typing import cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from media_app import batches, ingest, queries
from media_app.exceptions import ACCEPTED, RejectedUpload
from media_app.models import User
from media_app.views.cards import card_of
from media_app.views.rendering import page, to_log_in

#: Pictures on one page of the gallery.
PAGE_SIZE = 24
#: How wide a frame of the sheet is, for `sizes`; picture.js has the same words.
FRAME_SIZES = "(max-width: 44rem) 50vw, 18rem"


@never_cache
@require_safe
async def gallery(request: HttpRequest) -> HttpResponse:
    """Show who is logged in the newest pictures, and everybody else what this is."""
    user = await request.auser()
    if not isinstance(user, User):
        return await page(request, "pages/welcome.html")
    cursor = request.GET.get("cursor") or None
    try:
        listing = await queries.alist_images(user.pk, limit=PAGE_SIZE, cursor=cursor)
    except queries.BadCursor:
        return redirect("gallery")
    context = {
        "cards": [card_of(image) for image in listing["images"]],
        "next_cursor": listing["next_cursor"],
        "is_first_page": cursor is None,
        "sizes": FRAME_SIZES,
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "max_megabytes": f"{settings.UPLOAD_MAX_BYTES / 1_000_000:g}",
        "accepted": ACCEPTED,
    }
    answer = await page(request, "pages/gallery.html", context)
    ended = [image for image in listing["images"] if image["state"] != "developing"]
    await batches.amark_seen(user.pk, [uuid.UUID(image["id"]) for image in ended])
    return answer


@require_POST
async def upload(request: HttpRequest) -> HttpResponse:
    """Take the files of a plain form, and say of each what became of it."""
    user = await request.auser()
    if not isinstance(user, User):
        return to_log_in()
    files = await _files(request)
    if not files:
        messages.error(request, "No file was chosen. Choose one or more pictures first.")
    accepted, batch = 0, uuid.uuid4()
    for file in files:
        accepted += await _receive(request, file, user, batch)
    if accepted:
        messages.success(request, f"{_count(accepted)} accepted and developing.")
    return redirect("gallery")


@require_http_methods(["GET", "HEAD", "POST"])
async def delete(request: HttpRequest, asset_id: uuid.UUID) -> HttpResponse:
    """Ask whether to delete a picture, and on POST do it. With JavaScript a dialog asks."""
    user = await request.auser()
    if not isinstance(user, User):
        return to_log_in()
    image = await queries.aget_image(user.pk, asset_id)
    if image is None:
        raise Http404
    if request.method != "POST":
        return await page(request, "pages/delete.html", {"card": card_of(image)})
    await ingest.adelete(asset_id, user.pk)
    messages.success(request, f"{image['file_name']} is deleted.")
    return redirect("gallery")


@require_POST
async def retry(request: HttpRequest, asset_id: uuid.UUID) -> HttpResponse:
    """Develop a failed picture again."""
    user = await request.auser()
    if not isinstance(user, User):
        return to_log_in()
    if await ingest.aretry(asset_id, user.pk):
        messages.success(request, "The picture is developing again.")
    return redirect("gallery")


@sync_to_async
def _files(request: HttpRequest) -> list[UploadedFile[bytes]]:
    """Return the files of the body; parsing it may take long."""
    return cast("list[UploadedFile[bytes]]", request.FILES.getlist("files"))


async def _receive(
    request: HttpRequest, file: UploadedFile[bytes], user: User, batch: uuid.UUID
) -> bool:
    try:
        await ingest.areceive(file, owner=user, file_name=file.name or "picture", batch=batch)
    except RejectedUpload as refusal:
        messages.error(request, f"Not accepted: {file.name}. {refusal.detail}")
        return False
    return True


def _count(pictures: int) -> str:
    return "1 picture" if pictures == 1 else f"{pictures} pictures"
