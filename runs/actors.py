"""Who does something, as rows and events remember it."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User

Actor = User | AnonymousUser


def person_of(actor: Actor | None) -> User | None:
    """The person to remember; nobody where the caller is not known."""
    return actor if isinstance(actor, User) else None
