"""Bearer tokens: made by password or session, shown once, listed and revoked by their owner."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.authentication import BasicCredentials
from flowtime.api.fields import StrictText, WholeNumber
from flowtime.api.schema import problems
from flowtime.api.serializers import StrictSerializer
from flowtime.api.throttles import LoginThrottle
from flowtime.api.views import StrictView
from flowtime.people.models import Token
from flowtime.people.tokens import MAX_DAYS, make_token, revoke_tokens, tokens_of

SIGN_IN: Any = [{"basic": []}, {"session": []}]
EXAMPLE = {
    "tokenId": "9f2b7c4ad1e84a0f8b1c2d3e4f5a6b7c",
    "name": "nightly import",
    "createdUtc": "2026-11-23T10:15:00Z",
    "expiresUtc": "2027-02-21T10:15:00Z",
    "lastUsedUtc": "2026-11-24T02:00:07Z",
    "isCurrent": False,
}


class TokenRequestSerializer(StrictSerializer):
    """What to make."""

    name = StrictText(
        max_length=60, required=False, help_text="What it is for, to tell it from your others."
    )
    expiresInDays = WholeNumber(  # noqa: N815  (the published name)
        min_value=1, max_value=MAX_DAYS, required=False, help_text="Default 90."
    )


class TokenSerializer(serializers.Serializer[Token]):
    """A token as it is listed: never the token itself."""

    tokenId = serializers.CharField(source="identifier")  # noqa: N815
    name = serializers.CharField(help_text="Empty where none was given.")
    createdUtc = serializers.DateTimeField(source="created")  # noqa: N815
    expiresUtc = serializers.DateTimeField(source="expiry", allow_null=True)  # noqa: N815
    lastUsedUtc = serializers.DateTimeField(  # noqa: N815
        source="last_used_at",
        allow_null=True,
        help_text="To the minute; null when it was never used.",
    )
    isCurrent = serializers.SerializerMethodField(  # noqa: N815
        help_text="Whether this request was made with it."
    )

    def get_isCurrent(self, token: Token) -> bool:  # noqa: N802
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
    secret_member: ClassVar = "token"

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
        context = {"current": request.auth}
        mine: Any = tokens_of(request.user)
        tokens = TokenSerializer(mine, many=True, context=context)
        return Response({"items": tokens.data})

    @extend_schema(
        operation_id="createToken",
        tags=["Authentication"],
        summary="Make a token",
        auth=SIGN_IN,
        request=TokenRequestSerializer,
        responses={201: NewTokenSerializer, **problems("throttled")},
        examples=[
            OpenApiExample(
                "For a month",
                value={"name": "nightly import", "expiresInDays": 30},
                request_only=True,
            ),
            OpenApiExample("Shown once", value={**EXAMPLE, "token": "8c1f…"}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Make a bearer token for the signed-in user. The answer is the only one that shows it.

        With an `Idempotency-Key` it is given again to whoever signs in and sends the key again.
        """
        body = TokenRequestSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        asked = body.validated_data

        token, secret = make_token(
            request.user,
            name=asked.get("name", ""),
            days=asked.get("expiresInDays"),
            secret=self.slot.secret if self.slot else None,
        )

        token.token = secret
        return Response(
            NewTokenSerializer(token).data,
            status=201,
            headers={"Cache-Control": "no-store"},
        )


class TokenView(StrictView):
    """One bearer token."""

    permissions_by_action: ClassVar = {"delete": ()}
    bodiless: ClassVar = ("delete",)

    @extend_schema(
        operation_id="revokeToken",
        tags=["Authentication"],
        summary="Revoke a token",
        responses={204: None, **problems("not_found")},
    )
    def delete(self, request: Request, token_id: str) -> Response:
        """Revoke one of your tokens at once."""
        mine = Token.objects.filter(user=request.user, digest__startswith=token_id)
        if not revoke_tokens(mine, by=request.user):
            raise NotFound("You have no token with this id.")
        return Response(status=204)
