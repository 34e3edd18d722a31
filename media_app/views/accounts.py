"""Sign-up, log-in, log-out and the way back from a forgotten password.

Forms read the database and hash passwords, tens of milliseconds each: every POST is one hop to a
thread, where the whole of it runs.
"""

from __future__ import annotations

from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import alogout, login
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from media_app import ingest, mails
from media_app.forms import AccountForm, LogInForm, NewPasswordForm, ResetRequestForm, SignUpForm
from media_app.models import User
from media_app.views.rendering import page

SIGN_UP, LOG_IN = "accounts/sign_up.html", "accounts/log_in.html"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
async def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account and log in with it."""
    if (await request.auser()).is_authenticated:
        return redirect("gallery")
    if request.method == "POST":
        return await sync_to_async(_sign_up)(request)
    return await page(request, SIGN_UP, {"form": SignUpForm()})


def _sign_up(request: HttpRequest) -> HttpResponse:
    form = SignUpForm(request.POST)
    user = form.save() if form.is_valid() else None
    if user is None:
        return render(request, SIGN_UP, {"form": form})
    login(request, user)
    messages.success(request, f"Welcome! We've sent a welcome mail to {user.email}.")
    return redirect("gallery")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
async def log_in(request: HttpRequest) -> HttpResponse:
    """Start a session and go where `next` says, on this site only."""
    if request.method == "POST":
        return await sync_to_async(_log_in)(request)
    if (await request.auser()).is_authenticated:
        return redirect(_way_on(request))
    return await page(request, LOG_IN, {"form": LogInForm(request), "next": _next(request)})


def _log_in(request: HttpRequest) -> HttpResponse:
    form = LogInForm(request, request.POST)
    if not form.is_valid():
        return render(request, LOG_IN, {"form": form, "next": _next(request)})
    login(request, form.get_user())
    return redirect(_way_on(request))


def _next(request: HttpRequest) -> str:
    return request.POST.get("next") or request.GET.get("next", "")


def _way_on(request: HttpRequest) -> str:
    wanted = _next(request)
    here = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if here else resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
async def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    await alogout(request)
    messages.info(request, "You are logged out.")
    return redirect(settings.LOGOUT_REDIRECT_URL)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
async def account(request: HttpRequest) -> HttpResponse:
    """Show what a person may choose about their account, and store it."""
    user = await request.auser()
    if not isinstance(user, User):
        return redirect(f"{reverse('log_in')}?{urlencode({'next': reverse('account')})}")
    if request.method == "POST":
        return await sync_to_async(_store_account)(request, user)
    return await page(request, "accounts/account.html", {"form": _account_form(user)})


def _account_form(user: User) -> AccountForm:
    return AccountForm(initial={name: getattr(user, name) for name in AccountForm.base_fields})


def _store_account(request: HttpRequest, user: User) -> HttpResponse:
    form = AccountForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/account.html", {"form": form})
    User.objects.filter(pk=user.pk).update(**form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("account")


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
async def stop_mails(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the mails about pictures of whom a signed link was made for, logged in or not.

    A mail program's button posts here, which no page of ours has given a CSRF token (RFC 8058);
    opening the link alone, which scanners of mails do, changes nothing.
    """
    return await sync_to_async(_stop_mails)(request, token)


def _stop_mails(request: HttpRequest, token: str) -> HttpResponse:
    person = mails.stopped_by(token)
    if person is not None and request.method == "POST":
        User.objects.filter(pk=person.pk).update(wants_ready_mails=False)
        person.wants_ready_mails = False
    status = 200 if person is not None else 404
    return render(request, "accounts/stop_mails.html", {"person": person}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
async def password_reset(request: HttpRequest) -> HttpResponse:
    """Ask for a mail with a link. The answer never tells whether the address is known."""
    form = ResetRequestForm(await _posted(request)) if request.method == "POST" else None
    if form is not None and form.is_valid():
        await ingest.arequest_password_reset(form.cleaned_data["email"])
        return redirect("password_reset_done")
    shown = form if form is not None else ResetRequestForm()
    return await page(request, "accounts/password_reset.html", {"form": shown})


@sync_to_async
def _posted(request: HttpRequest) -> QueryDict:
    """Return the parsed form; parsing a body may take long."""
    return request.POST


@require_GET
async def password_reset_done(request: HttpRequest) -> HttpResponse:
    """Say that the mail is on its way."""
    return await page(request, "accounts/password_reset_done.html")


@require_GET
async def password_reset_complete(request: HttpRequest) -> HttpResponse:
    """Say that the new password is stored."""
    return await page(request, "accounts/password_reset_complete.html")


class NewPassword(PasswordResetConfirmView):
    """Django's check of the link, which keeps the token out of the Referer; it runs in a thread."""

    form_class = NewPasswordForm
    template_name = "accounts/password_reset_confirm.html"
    success_url = reverse_lazy("password_reset_complete")
