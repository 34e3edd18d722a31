"""`manage.py create_token EMAIL`: prints a new API token, alone, on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from media_app.models import ApiToken, User


class Command(BaseCommand):
    """Issues a token. Only its hash is stored, so it can't be shown again."""

    help = "Print a new API token for a user, alone, on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the address."""
        parser.add_argument("email", metavar="EMAIL", help="the user's e-mail address")
        parser.add_argument(
            "--create", action="store_true", help="make the user, without a password, if unknown"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token."""
        email = User.objects.normalize_email(options["email"])
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{options['email']!r} is no e-mail address.") from None
        with transaction.atomic():
            user = User.objects.filter(email=email).first()
            if user is None and not options["create"]:
                raise CommandError(f"No user has the address {email}. Add --create to make one.")
            user = user or User.objects.create_user(email)
            if not user.is_active:
                raise CommandError(f"The user {email} is not active.")
            self.stdout.write(ApiToken.issue(user))
