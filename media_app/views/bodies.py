"""Takes the bodies of uploads to disk as they come, on threads of their own.

Django would gather a body in memory on the event loop first, write it to disk there, and copy it
once more when it parses it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.typing import ASGIReceiveCallable
from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser

#: Threads that write bodies as they come. More would not be faster, for they share one interpreter
#: lock with the event loop, and each that waits for it makes the loop later.
threads = ThreadPoolExecutor(2, thread_name_prefix="body")
#: Bytes gathered before they are written in one hop to a thread.
WRITE_BYTES = 1 << 19


class BodyTooLarge(Exception):
    """The body grew over the limit; what had come is removed."""


class SenderGone(Exception):
    """The sender left before the end of the body; what had come is removed."""


async def take(receive: ASGIReceiveCallable, *, limit_bytes: int) -> TemporaryUploadedFile:
    """Return the whole body as a file in the upload folder, at its beginning.

    Raises:
        BodyTooLarge: It is longer than `limit_bytes`.
        SenderGone: It never ended.
    """
    loop = asyncio.get_running_loop()
    body = await loop.run_in_executor(threads, TemporaryUploadedFile, "upload", "", 0, None)
    try:
        await _fill(body, receive, limit_bytes)
    except BaseException:
        body.close()
        raise
    return body


def files_of(request: HttpRequest, body: TemporaryUploadedFile) -> tuple[Any, Any]:
    """Parse a body as multipart; return its fields and its files. Blocks.

    Raises:
        MultiPartParserError: It is no multipart body.
    """
    meta = {**request.META, "CONTENT_LENGTH": body.size}
    handlers = request.upload_handlers
    encoding = request.encoding or settings.DEFAULT_CHARSET
    return MultiPartParser(meta, body, handlers, encoding).parse()


async def _fill(
    body: TemporaryUploadedFile, receive: ASGIReceiveCallable, limit_bytes: int
) -> None:
    loop = asyncio.get_running_loop()
    gathered = bytearray()
    size_bytes, more = 0, True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise SenderGone
        gathered += event.get("body", b"")
        more = event.get("more_body", False)
        if size_bytes + len(gathered) > limit_bytes:
            raise BodyTooLarge
        if len(gathered) >= WRITE_BYTES or not more:
            size_bytes += len(gathered)
            await loop.run_in_executor(threads, body.write, gathered)
            gathered = bytearray()
    body.size = size_bytes
    await loop.run_in_executor(threads, body.seek, 0)
