"""A synchronous client of the whole ASGI application, the body guard included."""

from __future__ import annotations

from typing import Any

import httpx
from asgiref.sync import async_to_sync

from asgi import application


class AsgiClient:
    """Keeps headers and cookies from one request to the next; each runs in a loop of its own."""

    def __init__(self, token: str | None = None, cookies: dict[str, str] | None = None) -> None:
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.cookies = httpx.Cookies(cookies)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return async_to_sync(self._request)(method, path, headers=headers, **options)

    async def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application),
            base_url="http://localhost",
            cookies=self.cookies,
        ) as client:
            response = await client.request(method, path, **options)
            self.cookies = client.cookies
            return response
