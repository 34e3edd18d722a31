"""Users, whose login is their e-mail address, and their API tokens."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users; addresses are compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a saved user; without a password none can log in with one."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a saved user who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address as it is stored: in lower case, without blanks around it."""
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user with this address, however it was typed."""
        return self.get(email=self.normalize_email(username))


class User(AbstractBaseUser, PermissionsMixin):
    """A person. `email` is stored in lower case and is the login."""

    email = models.EmailField("e-mail address", unique=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    #: Whether to mail when pictures are ready; other mails are not asked about.
    wants_ready_mails = models.BooleanField("mail me when my pictures are ready", default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta(AbstractBaseUser.Meta, PermissionsMixin.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """Store the address as `UserManager` looks it up."""
        super().clean()
        self.email = UserManager.normalize_email(self.email)


class ApiToken(models.Model):
    """A bearer token of one user. Only its SHA-256 is stored: 256 random bits need no salt."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"Token of {self.user_id}"

    @classmethod
    def issue(cls, user: User) -> str:
        """Store a new token of `user` and return it: it can't be read again."""
        secret = secrets.token_urlsafe(32)
        cls.objects.create(user=user, digest=cls.digest_of(secret))
        return secret

    @classmethod
    def find(cls, secret: str) -> Self | None:
        """Return the row of a token whose user is active, with the user, or None."""
        found = cls.objects.select_related("user").filter(digest=cls.digest_of(secret))
        return found.filter(user__is_active=True).first()

    @staticmethod
    def digest_of(secret: str) -> str:
        """Return what is stored of a token: the hexadecimal SHA-256."""
        return hashlib.sha256(secret.encode()).hexdigest()
