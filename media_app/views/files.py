"""The files of images, to their owner only. Read in pieces, off the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO, Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from media_app import queries
from media_app.presets import content_type
from media_app.views.callers import CalledRequest, api
from media_app.views.problems import not_found

#: Bytes read at a time.
CHUNK_BYTES = 1 << 18
#: A rendition's address names its asset, and remade it may change; private, for its owner alone.
CACHE_CONTROL = "private, max-age=3600"


@api("GET", "HEAD")
async def rendition(
    request: CalledRequest, asset_id: UUID, preset: str, format: str
) -> HttpResponseBase:
    """Send one rendition."""
    found = await queries.afind_file(request.caller.pk, asset_id, preset, format)
    if found is None:
        return not_found()
    return await _send(request, found.name, content_type(format), found.size_bytes)


@api("GET", "HEAD")
async def original(request: CalledRequest, asset_id: UUID) -> HttpResponseBase:
    """Send the original as it came, to be saved and not shown."""
    found = await queries.afind_original(request.caller.pk, asset_id)
    if found is None:
        return not_found()
    size_bytes = found.original.size_bytes
    response = await _send(request, found.original.name, "application/octet-stream", size_bytes)
    disposition = content_disposition_header(True, found.file_name)
    response["Content-Disposition"] = disposition or "attachment"
    return response


async def _send(
    request: CalledRequest, name: str, content_type: str, size_bytes: int
) -> HttpResponseBase:
    try:
        file = await sync_to_async(default_storage.open, thread_sensitive=False)(name)
    except FileNotFoundError:
        return not_found()
    return StreamingHttpResponse(
        _Pieces(file),
        content_type=content_type,
        headers={"Content-Length": str(size_bytes), "Cache-Control": CACHE_CONTROL},
    )


class _Pieces:
    """A file in pieces, read off the loop. `close` is called by the response, read or not."""

    def __init__(self, file: IO[Any]) -> None:
        self._read = sync_to_async(file.read, thread_sensitive=False)
        self.close = file.close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._read(CHUNK_BYTES):
            yield piece
