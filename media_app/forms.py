"""The forms of the account pages: what is asked, and words for each thing that is wrong.

Validation reads the database and hashes passwords: call it off the event loop.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from media_app.models import User


def _email_field() -> forms.EmailField:
    return forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "This is no e-mail address. It should look like name@example.org.",
        },
    )


def _new_password_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=4096,
        help_text="At least 8 characters, and not a common one.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": "Choose a password."},
    )


class SignUpForm(forms.Form):
    """An address that is new here, and a password that passes the validators."""

    email = _email_field()
    password = _new_password_field("Password")

    def clean_email(self) -> str:
        """Return the address as it is stored, if nobody has it."""
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.filter(email=email).exists():
            raise _taken()
        return email

    def clean(self) -> None:
        """Judge the password knowing the address: they must not resemble each other."""
        email, password = self.cleaned_data.get("email"), self.cleaned_data.get("password")
        if not password:
            return
        try:
            validate_password(password, User(email=email or ""))
        except forms.ValidationError as error:
            self.add_error("password", error)

    def save(self) -> User | None:
        """Return the new user, or None with an error if somebody was quicker with the address."""
        try:
            with transaction.atomic():
                return User.objects.create_user(**self.cleaned_data)
        except IntegrityError:
            self.add_error("email", _taken())
            return None

    @property
    def is_address_taken(self) -> bool:
        """Whether the page should show the ways on of somebody who has an account."""
        return self.has_error("email", code="taken")


def _taken() -> forms.ValidationError:
    return forms.ValidationError("There is already an account with this address.", code="taken")


class LogInForm(AuthenticationForm):
    """Django's form in this site's words."""

    username = _email_field()
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Enter your password."},
    )
    error_messages = {
        "invalid_login": "Address and password don't match. Check both, or reset the password.",
        "inactive": "This account is closed.",
    }


class ResetRequestForm(forms.Form):
    """Whose password should be reset."""

    email = _email_field()


class AccountForm(forms.Form):
    """What a person may choose about their account; named as the fields of `User`."""

    wants_ready_mails = forms.BooleanField(
        required=False,
        label="Mail me when my pictures are ready",
        help_text="One mail for all that you upload together, which also names what failed. None "
        "comes where the page has shown you everything already.",
    )


class NewPasswordForm(SetPasswordForm[User]):
    """A new password of a known user, typed once: the page can show it."""

    new_password1 = _new_password_field("New password")
    # Django's way to take a field away, which its stubs don't know.
    new_password2 = None  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        """Judge the password, knowing whose it will be."""
        self.validate_password_for_user(self.user, "new_password1")
        return self.cleaned_data
