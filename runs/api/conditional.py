"""Answers that never change: a strong ETag out of what they are made of, and 304 to whoever has them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

IF_NONE_MATCH = OpenApiParameter("If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER)
NOT_MODIFIED = OpenApiResponse(description="Nothing changed since the ETag that was sent.")


def caching_headers(*facts: object) -> dict[str, str]:
    """The headers of an answer that follows from ``facts`` alone: digests of manifests, and the question."""
    # Another version of the program may say the same in other words.
    text = "\n".join(str(fact) for fact in (settings.FLOWTIME_VERSION, *facts))
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return {"ETag": f'"{digest}"', "Cache-Control": "private, no-cache"}


def has_current(request: Request, headers: dict[str, str]) -> bool:
    """Whether the caller says that it has the answer of these headers."""
    # A proxy that compresses marks the tag as weak; If-None-Match compares weakly (RFC 9110 §13.1.2).
    sent = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    return headers["ETag"] in sent


def answer(
    request: Request,
    headers: dict[str, str],
    read: Callable[[], Any],
    *,
    content_type: str | None = None,
) -> Response:
    """What ``read`` gives, unless the caller has it already."""
    if has_current(request, headers):
        return Response(status=304, headers=headers)
    return Response(read(), headers=headers, content_type=content_type)
