"""Turns a stored file into an answer: whole, in part, unchanged, or its head alone.

Knows nothing of whose it is. Blocks: for threads only. Source: RFC 9110, sections 13 and 14.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import IO, Any

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from media_app.views import ranges
from media_app.views.pieces import PIECE_BYTES, Pieces
from media_app.views.problems import problem

#: Headers of every file. A browser runs, loads and embeds nothing for it, whatever it holds.
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def answer_with_file(
    request: HttpRequest, name: str, headers: Mapping[str, str]
) -> HttpResponseBase:
    """Return the answer to GET or HEAD of the file that the storage has under `name`.

    `headers` hold its strong `ETag`, its type and how it may be cached. A file of one piece is
    read here; a larger one is open in the response, which closes it.

    Raises:
        FileNotFoundError: The storage has no such file.
    """
    with ExitStack() as stack:
        file = default_storage.open(name)
        stack.callback(file.close)
        response = _answer(request, file, {**_HEADERS, **headers})
        if response.streaming:
            stack.pop_all()
    return response


def _answer(request: HttpRequest, file: IO[Any], headers: Mapping[str, str]) -> HttpResponseBase:
    size_bytes = file.seek(0, os.SEEK_END)
    if not _is_expected(request, headers["ETag"]):
        return problem(412, "changed", "The file is another than the one that If-Match names.")
    if _is_known(request, headers["ETag"]):
        return _not_modified(file, headers)
    try:
        part = _part(request, headers["ETag"], size_bytes)
    except ranges.NotSatisfiable:
        return _none_in_range(size_bytes)
    if part is None:
        return _content(request, file, range(size_bytes), 200, headers)
    told = {**headers, "Content-Range": ranges.content_range(part, size_bytes)}
    return _content(request, file, part, 206, told)


def _is_expected(request: HttpRequest, etag: str) -> bool:
    """Whether `If-Match` holds, or is not there. Strong comparison; there are no dates to ask."""
    expected = request.headers.get("If-Match")
    return expected is None or bool({etag, "*"} & {*parse_etags(expected)})


def _is_known(request: HttpRequest, etag: str) -> bool:
    """Whether the client has the file, by `If-None-Match`. Weak comparison."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return bool({etag, "*"} & {tag.removeprefix("W/") for tag in known})


def _not_modified(file: IO[Any], headers: Mapping[str, str]) -> HttpResponseBase:
    """Return 304, as a stream: to anything else Django would add a false `Content-Length` of 0."""
    kept = {name: headers[name] for name in ("ETag", "Cache-Control")}
    response = StreamingHttpResponse(Pieces(file, 0), status=304, headers=kept)
    del response["Content-Type"]
    return response


def _none_in_range(size_bytes: int) -> HttpResponse:
    detail = f"The file has {size_bytes:,} bytes, and none of them lies in that range."
    response = problem(416, "range_not_satisfiable", detail)
    response["Content-Range"] = f"bytes */{size_bytes}"
    return response


def _part(request: HttpRequest, etag: str, size_bytes: int) -> range | None:
    """Return the part asked for, or None for the whole: also where `If-Range` knows another."""
    if request.method != "GET" or request.headers.get("If-Range", etag).strip() != etag:
        return None
    return ranges.asked_for(request.headers.get("Range", ""), size_bytes)


def _content(
    request: HttpRequest, file: IO[Any], found: range, status: int, headers: Mapping[str, str]
) -> HttpResponseBase:
    told = {**headers, "Content-Length": str(len(found))}
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=told)
    file.seek(found.start)
    if len(found) <= PIECE_BYTES:
        return HttpResponse(file.read(len(found)), status=status, headers=told)
    return StreamingHttpResponse(Pieces(file, len(found)), status=status, headers=told)
