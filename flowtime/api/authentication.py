"""Who is asking: a bearer token, or basic credentials where a token is made."""

import re

from knox.auth import TokenAuthentication
from knox.models import AbstractAuthToken, AuthToken
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed

TOKEN = re.compile(rb"[0-9a-f]{64}")


class BearerAuthentication(TokenAuthentication):
    """``Authorization: Bearer <token>``: hashed at rest, expiring, revocable."""

    def authenticate_credentials(self, token: bytes) -> tuple[object, AbstractAuthToken]:
        """The token's owner. Anything that was never one of our tokens never reaches the database."""
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed("The token is not valid.")
        return super().authenticate_credentials(token)

    def _cleanup_token(self, auth_token: AuthToken) -> bool:
        # The base class reads all tokens of the owner on every request; expired ones are
        # cleared when a new one is made instead.
        from django.utils import timezone

        return auth_token.expiry is not None and auth_token.expiry < timezone.now()


class BasicCredentials(BasicAuthentication):
    """``Authorization: Basic``, only where a token is made. Failures count towards the lockout."""

    www_authenticate_realm = "FlowTime"
