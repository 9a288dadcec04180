"""API tokens: made, listed, noted as used and revoked. Only the digest is kept; the secret is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from knox.crypto import create_token_string, hash_token
from knox.settings import CONSTANTS

from flowtime.people.models import Token

log = structlog.get_logger(__name__)

MAX_DAYS = 365
# One write a minute at most, however busy a program is.
USED_EVERY = timedelta(minutes=1)


def make_token(
    user: Any, *, name: str = "", days: int | None = None, by: Any = None, secret: str | None = None
) -> tuple[Token, str]:
    """A new token of ``user`` and its secret, which is kept nowhere. Expired ones of the same person go.

    ``secret`` is 64 hex digits that nobody else could know; without it they are drawn.
    """
    lifetime: Any = timedelta(days=days) if days else settings.REST_KNOX["TOKEN_TTL"]
    Token.objects.filter(user=user, expiry__lte=timezone.now()).delete()
    secret = secret or create_token_string()
    token = Token(
        digest=hash_token(secret),
        token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH],
        user=user,
        expiry=timezone.now() + lifetime,
        name=name,
    )
    token.save(force_insert=True)
    log.info("token.made", tokenId=token.identifier, userId=user.pk, by=(by or user).pk)
    return token, secret


def tokens_of(user: Any) -> QuerySet[Token]:
    """The tokens of ``user`` that open something, newest first."""
    return Token.objects.filter(user=user, expiry__gt=timezone.now())


def find_token(user: Any, identifier: str) -> Token | None:
    """The token of ``user`` with this id."""
    return tokens_of(user).filter(digest__startswith=identifier).first()


def revoke_tokens(tokens: QuerySet[Token], *, by: Any) -> int:
    """Delete ``tokens``; a request that carries one is refused from now on. How many there were."""
    gone = [(token.identifier, token.user_id) for token in tokens]
    count, _ = tokens.delete()
    for identifier, user_id in gone:
        log.info("token.revoked", tokenId=identifier, userId=user_id, by=by.pk)
    return count


def note_used(token: Token) -> None:
    """Remember that ``token`` opened something just now; requests at once write once."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USED_EVERY)
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)
