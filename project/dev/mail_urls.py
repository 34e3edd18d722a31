"""The addresses of the mail viewer; part of the site in development only."""

from __future__ import annotations

from django.urls import path

from project.dev import mail_views

urlpatterns = [
    path("", mail_views.mails, name="dev_mail"),
    path("<slug:mail_id>/", mail_views.mail, name="dev_mail_detail"),
    path("<slug:mail_id>/html", mail_views.html_part, name="dev_mail_html"),
    path("<slug:mail_id>/source", mail_views.source, name="dev_mail_source"),
]
