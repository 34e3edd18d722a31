"""Asks over plain HTTP whether a server on this machine answers."""

from __future__ import annotations

import asyncio

#: Seconds until an answer is given up.
ANSWER_WITHIN_S = 5.0


async def is_answering(host: str, port: int, path: str) -> bool:
    """Return whether GET `path` is answered 200. `host` is an address: no name is looked up."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await _status(host, port, path) == b"200"
    except (OSError, TimeoutError):
        return False


async def _status(host: str, port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        return (await reader.readline())[9:12]
    finally:
        writer.close()
