"""What the tests of the API say to it, and how they read its problems."""

from __future__ import annotations

import json

import httpx

from tests.asgi_client import AsgiClient

#: The head of a raw upload.
RAW = {"Content-Type": "image/jpeg"}


def upload(
    client: AsgiClient, content: bytes, name: str = "photo.jpg", **more: str
) -> httpx.Response:
    return client.post("/api/images", files={"file": (name, content)}, data=more)


def problem_of(response: httpx.Response) -> tuple[int, str, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code
    assert problem["title"]
    return response.status_code, problem["code"], problem["detail"]
