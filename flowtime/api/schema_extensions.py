"""What the OpenAPI document must be told about our own classes: ways to sign in, and strict bodies."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "flowtime.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of /v1/auth/tokens."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "flowtime_session",
            "description": "The session of the pages; writing needs `X-CSRFToken` too.",
        }


class StrictBody(OpenApiSerializerExtension):
    """What StrictSerializer refuses, said in the document."""

    target_class = "flowtime.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        mapped: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        return mapped | {"additionalProperties": False}
