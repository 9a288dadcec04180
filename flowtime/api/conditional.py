"""Conditional reads: a strong ETag on every answer to a read, and 304 to whoever has it already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

READS = ("GET", "HEAD")
CACHE_CONTROL = "private, no-cache"
KEPT = ("ETag", "Cache-Control", "Vary", "Allow")


def caching_headers(*facts: object) -> dict[str, str]:
    """The headers of an answer that follows from ``facts`` alone: digests of manifests, and the question.

    With them an answer that is costly to make need not be made to find that the caller has it.
    """
    # Another version of the program may say the same in other words.
    text = "\n".join(str(fact) for fact in (settings.FLOWTIME_VERSION, *facts))
    return {"ETag": _tag(text.encode()), "Cache-Control": CACHE_CONTROL}


def has_current(request: Request, headers: dict[str, str]) -> bool:
    """Whether the caller says that it has the answer of these headers."""
    # A proxy that compresses marks the tag as weak; If-None-Match compares weakly (RFC 9110 §13.1.2).
    sent = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
    return headers["ETag"] in sent or sent == ["*"]


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


def tag_when_rendered(request: Request, response: Response) -> None:
    """Give the answer to a read a tag made of its bytes, unless it has one, or is not there as a whole."""
    if request.method in READS and response.status_code == 200 and not response.streaming:

        def finish(rendered: HttpResponse) -> HttpResponse | None:
            if "ETag" not in rendered:
                rendered["ETag"] = _tag(rendered.content)
                rendered.setdefault("Cache-Control", CACHE_CONTROL)
            if not has_current(request, {"ETag": rendered["ETag"]}):
                return None
            kept = {name: rendered[name] for name in KEPT if name in rendered}
            return HttpResponseNotModified(headers=kept)

        response.add_post_render_callback(finish)


def _tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'
