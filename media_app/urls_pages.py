"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path

from media_app.views import accounts, focal_points, pages

urlpatterns = [
    path("", pages.gallery, name="gallery"),
    path("upload", pages.upload, name="upload"),
    path("pictures/<uuid:asset_id>/delete", pages.delete, name="delete_picture"),
    path("pictures/<uuid:asset_id>/retry", pages.retry, name="retry_picture"),
    path(
        "pictures/<uuid:asset_id>/focal-point",
        focal_points.focal_point,
        name="focal_point",
    ),
    path("accounts/", accounts.account, name="account"),
    path("accounts/stop-mails/<str:token>/", accounts.stop_mails, name="stop_mails"),
    path("accounts/sign-up/", accounts.sign_up, name="sign_up"),
    path("accounts/log-in/", accounts.log_in, name="log_in"),
    path("accounts/log-out/", accounts.log_out, name="log_out"),
    path("accounts/password-reset/", accounts.password_reset, name="password_reset"),
    path(
        "accounts/password-reset/done/",
        accounts.password_reset_done,
        name="password_reset_done",
    ),
    path(
        "accounts/password-reset/complete/",
        accounts.password_reset_complete,
        name="password_reset_complete",
    ),
    path(
        "accounts/password-reset/<uidb64>/<token>/",
        accounts.NewPassword.as_view(),
        name="password_reset_confirm",
    ),
]
