"""Rows about people: what they prefer, their API tokens, and the browsers they are signed in with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from knox.models import AbstractAuthToken

if TYPE_CHECKING:
    from flowtime.people.sessions import SessionStore

# Enough of the digest to be one of a kind; the digest says nothing about the token.
TOKEN_ID_LENGTH = 32


class Preferences(models.Model):
    """How one person likes the pages. Nobody needs a row: the defaults are those of a new visitor."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the system has it"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="preferences",
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=5, choices=Theme, blank=True, default=Theme.SYSTEM)
    has_single_keys = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class Token(AbstractAuthToken):
    """A bearer token: the digest alone, with the name its owner gave it and when it was last used."""

    name = models.CharField(max_length=60, blank=True, default="")
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API token"
        ordering = ("-created", "digest")

    def __str__(self) -> str:
        return self.name or self.identifier

    @property
    def identifier(self) -> str:
        """The id by which it is listed and revoked."""
        return str(self.digest)[:TOKEN_ID_LENGTH]


class Session(AbstractBaseSession):
    """A session of Django's, with whose it is, what signed in, and when it was last seen.

    The columns repeat what the session's own data says (``sessions.SessionStore``), so that they can be asked for.
    """

    # A session may outlive its person by one request; that request must not fail on the key.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        db_constraint=False,
        on_delete=models.CASCADE,
        related_name="sessions",
    )
    device = models.CharField(max_length=300, blank=True, default="")
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "session"

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        """The store whose rows these are."""
        from flowtime.people.sessions import SessionStore

        return SessionStore
