"""The focal point of a picture: from the JSON of the API, and a page for who has no JavaScript."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from media_app import ingest, queries
from media_app.geometry import Focal
from media_app.models import User
from media_app.views.cards import card_of
from media_app.views.rendering import page, to_log_in

_FORM = 'The body is no JSON like {"focal_point": {"x": 0.5, "y": 0.5}}'


def focal_of_json(body: bytes) -> Focal:
    """Return the focal point that the body of a PATCH tells.

    Raises:
        ValueError: It tells none, or anything else; the text is for the caller.
    """
    try:
        said = json.loads(body)
    except ValueError:
        raise ValueError(f"{_FORM}.") from None
    if not isinstance(said, dict) or set(said) != {"focal_point"}:
        raise ValueError(f"{_FORM}; nothing else of an image can be changed.")
    point = said["focal_point"]
    if not isinstance(point, dict) or set(point) != {"x", "y"}:
        raise ValueError(f"{_FORM}: focal_point needs x and y, and nothing else.")
    return Focal(*(_fraction(name, point[name]) for name in ("x", "y")))


def focal_of_form(form: Mapping[str, str], width_px: int, height_px: int) -> Focal:
    """Return the focal point of a click on a picture of that size, or of the fields in per cent.

    Raises:
        ValueError: There is neither.
    """
    if "at.x" in form and "at.y" in form:
        # A click just beyond the edge of a picture, where a browser rounds, means the edge.
        x, y = int(form["at.x"]) / width_px, int(form["at.y"]) / height_px
        return Focal(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
    return Focal(float(form.get("x", "")) / 100, float(form.get("y", "")) / 100)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
async def focal_point(request: HttpRequest, asset_id: uuid.UUID) -> HttpResponse:
    """Show a picture to be clicked, and set the point. With JavaScript the large view does."""
    user = await request.auser()
    if not isinstance(user, User):
        return to_log_in()
    image = await queries.aget_image(user.pk, asset_id)
    if image is None or not (small := _smallest(image)):
        raise Http404
    if request.method == "POST":
        try:
            focal = focal_of_form(request.POST, small["width"], small["height"])
        except ValueError:
            messages.error(request, "The point was not understood: two numbers from 0 to 100.")
            return redirect("focal_point", asset_id)
        await ingest.aset_focal_point(asset_id, user.pk, focal)
        messages.success(request, f"The crops of {image['file_name']} follow the new point.")
        return redirect("gallery")
    percent = {name: round(100 * value) for name, value in image["focal_point"].items()}
    context = {"card": card_of(image), "small": small, "percent": percent}
    return await page(request, "pages/focal_point.html", context)


def _fraction(name: str, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(value) <= 1:  # type: ignore[arg-type] # a number
        raise ValueError(f"focal_point.{name} is {value!r:.80}; expected a number from 0 to 1.")
    return float(value)  # type: ignore[arg-type] # a number


def _smallest(image: Mapping[str, Any]) -> dict[str, Any] | None:
    whole = [one for one in image["renditions"] if not one["crop"]]
    return min(whole, key=lambda one: one["width"], default=None)
