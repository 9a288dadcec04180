"""What a request says about itself beyond its body."""

import re

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from flowtime.api.problems import request_id_of

PREFERENCE = re.compile(r"\s*respond-async\s*(?:;.*)?", re.IGNORECASE)

PREFER = OpenApiParameter(
    "Prefer",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`respond-async`: answer 202 at once, and let a worker do the work (RFC 7240).",
)

# Headers of a 202: what was preferred and granted, and when to look again.
ASYNC_HEADERS = {"Preference-Applied": "respond-async", "Retry-After": "1"}

__all__ = ["ASYNC_HEADERS", "PREFER", "prefers_async", "request_id_of"]


def prefers_async(request: HttpRequest | Request) -> bool:
    """Whether ``Prefer: respond-async`` was sent (RFC 7240)."""
    preferences = request.META.get("HTTP_PREFER", "").split(",")
    return any(PREFERENCE.fullmatch(preference) for preference in preferences)
