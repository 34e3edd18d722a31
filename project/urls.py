"""Every address of the site."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path


async def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process serves."""
    return HttpResponse("ok\n", content_type="text/plain")


async def favicon(request: HttpRequest) -> HttpResponse:
    """Send browsers that ask by habit, as in the admin, to the icon that our pages name."""
    return HttpResponseRedirect(static("darkroom/favicon.svg"))


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", favicon),
    path("admin/", admin.site.urls),
    path("", include("media_app.urls_api")),
    path("", include("media_app.urls_pages")),
]
if settings.DEVELOPMENT:
    urlpatterns.append(path("dev/mail/", include("project.dev.mail_urls")))

handler400 = "media_app.views.errors.bad_request"
handler403 = "media_app.views.errors.forbidden"
handler404 = "media_app.views.errors.not_found"
handler500 = "media_app.views.errors.server_error"
