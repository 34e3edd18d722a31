"""Addresses of the API and of images' files."""

from __future__ import annotations

from django.urls import path

from media_app.views import api, events, files

urlpatterns = [
    path("api/images", api.images, name="api_images"),
    path("api/images/seen", api.seen, name="api_images_seen"),
    path("api/images/<uuid:asset_id>", api.image, name="api_image"),
    path("api/images/<uuid:asset_id>/retry", api.retry, name="api_image_retry"),
    path("api/images/<uuid:asset_id>/links", api.links, name="api_image_links"),
    path("api/events", events.events, name="api_events"),
    path("api/<path:path>", api.unknown),
    path("images/<uuid:asset_id>/original", files.original, name="original"),
    path("images/<uuid:asset_id>/<slug:stem>.<slug:ending>", files.rendition, name="rendition"),
]
