"""Bearer tokens: made by password or session, shown once, listed and revoked by their owner."""

from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.authentication import BasicCredentials
from flowtime.api.schema import problems
from flowtime.api.serializers import StrictSerializer
from flowtime.api.throttles import LoginThrottle
from flowtime.api.views import StrictView

# Enough of the digest to be one of a kind; the digest says nothing about the token.
ID_LENGTH = 32
MAX_DAYS = 365
SIGN_IN: Any = [{"basic": []}, {"session": []}]
EXAMPLE = {
    "tokenId": "9f2b7c4ad1e84a0f8b1c2d3e4f5a6b7c",
    "createdUtc": "2026-11-23T10:15:00Z",
    "expiresUtc": "2027-02-21T10:15:00Z",
    "isCurrent": False,
}


class TokenRequestSerializer(StrictSerializer):
    """What to make."""

    expiresInDays = serializers.IntegerField(  # noqa: N815  (the published name)
        min_value=1, max_value=MAX_DAYS, required=False, help_text="Default 90."
    )


class TokenSerializer(serializers.Serializer[AuthToken]):
    """A token as it is listed: never the token itself."""

    tokenId = serializers.SerializerMethodField()  # noqa: N815
    createdUtc = serializers.DateTimeField(source="created")  # noqa: N815
    expiresUtc = serializers.DateTimeField(source="expiry", allow_null=True)  # noqa: N815
    isCurrent = serializers.SerializerMethodField(  # noqa: N815
        help_text="Whether this request was made with it."
    )

    def get_tokenId(self, token: AuthToken) -> str:  # noqa: N802
        return token.digest[:ID_LENGTH]

    def get_isCurrent(self, token: AuthToken) -> bool:  # noqa: N802
        return bool(token == self.context.get("current"))


class NewTokenSerializer(TokenSerializer):
    """A token as it is shown once."""

    token = serializers.CharField(help_text="Keep it: it is never shown again.")


class TokenListSerializer(serializers.Serializer[Any]):
    """Your tokens, newest first."""

    items = TokenSerializer(many=True)


class TokensView(StrictView):
    """Your bearer tokens."""

    permissions_by_action: ClassVar = {"get": (), "post": ()}
    # A token is shown once: its answer is never kept.
    is_idempotent: ClassVar = False

    def get_authenticators(self) -> list[Any]:
        """A token cannot make another token: that takes the password or a session."""
        if self.request is not None and self.request.method == "POST":
            return [BasicCredentials(), SessionAuthentication()]
        return super().get_authenticators()

    def perform_authentication(self, request: Request) -> None:
        """Count attempts to sign in before the password is looked at."""
        if request.method == "POST":
            throttle = LoginThrottle()
            if not throttle.allow_request(request, self):
                raise Throttled(wait=throttle.wait())
        super().perform_authentication(request)

    @extend_schema(
        operation_id="listTokens",
        tags=["Authentication"],
        summary="List your tokens",
        responses=TokenListSerializer,
        examples=[OpenApiExample("Two tokens", value={"items": [EXAMPLE]}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Your tokens that have not expired, newest first."""
        tokens = AuthToken.objects.filter(user=request.user, expiry__gt=timezone.now())
        context = {"current": request.auth}
        return Response(
            {"items": TokenSerializer(tokens.order_by("-created"), many=True, context=context).data}
        )

    @extend_schema(
        operation_id="createToken",
        tags=["Authentication"],
        summary="Make a token",
        auth=SIGN_IN,
        request=TokenRequestSerializer,
        responses={201: NewTokenSerializer, **problems("throttled")},
        examples=[
            OpenApiExample("For a month", value={"expiresInDays": 30}, request_only=True),
            OpenApiExample("Shown once", value={**EXAMPLE, "token": "8c1f…"}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Make a bearer token for the signed-in user. The answer is the only one that shows it."""
        body = TokenRequestSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        days = body.validated_data.get("expiresInDays")
        lifetime = timedelta(days=days) if days else settings.REST_KNOX["TOKEN_TTL"]

        AuthToken.objects.filter(user=request.user, expiry__lte=timezone.now()).delete()
        token, secret = AuthToken.objects.create(user=request.user, expiry=lifetime)

        token.token = secret
        return Response(
            NewTokenSerializer(token).data,
            status=201,
            headers={"Cache-Control": "no-store"},
        )


class TokenView(StrictView):
    """One bearer token."""

    permissions_by_action: ClassVar = {"delete": ()}

    @extend_schema(
        operation_id="revokeToken",
        tags=["Authentication"],
        summary="Revoke a token",
        responses={204: None, **problems("not_found")},
    )
    def delete(self, request: Request, token_id: str) -> Response:
        """Revoke one of your tokens at once."""
        revoked, _ = AuthToken.objects.filter(
            user=request.user, digest__startswith=token_id
        ).delete()
        if not revoked:
            raise NotFound("You have no token with this id.")
        return Response(status=204)
