"""Every address of the site."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


async def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process serves."""
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("media_app.urls_api")),
    path("", include("media_app.urls_pages")),
]
if settings.DEVELOPMENT:
    urlpatterns.append(path("dev/mail/", include("project.dev.mail_urls")))

handler400 = "media_app.views.errors.bad_request"
handler403 = "media_app.views.errors.forbidden"
handler404 = "media_app.views.errors.not_found"
handler500 = "media_app.views.errors.server_error"
