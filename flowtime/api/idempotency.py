"""``Idempotency-Key``: a POST that is sent again is answered again, and done once.

The answer is kept in the shared cache for a day, by caller, address and key. Only success is kept:
a request that failed did nothing, so sending it again is safe as it is.
"""

import hashlib
import re
from typing import Any

import orjson
from django.core.cache import cache
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.errors import FlowTimeError

SECONDS_KEPT = 24 * 3600
# Longer than a run may take inside a request; a crashed process must not block its key for a day.
SECONDS_RESERVED = 300
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Location", "Retry-After", "Preference-Applied", "ETag")


class IdempotencyKeyReused(FlowTimeError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    title = "The idempotency key was used for another request"
    status = 409


class StillWorking(FlowTimeError):
    """The first request with this key has not been answered yet."""

    code = "busy"
    title = "Busy"
    status = 503


class Answered(Exception):
    """The request was answered before; ``response`` is the same answer again."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Slot:
    """The place where the answer to one key is kept."""

    def __init__(self, request: Request, key: str) -> None:
        owner = f"{request.user.pk}\n{request.path}\n{key}"
        self.name = "idempotency." + hashlib.sha256(owner.encode()).hexdigest()
        body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
        self.body = hashlib.sha256(body).hexdigest()

    def reserve(self) -> None:
        """Take the slot. Raises Answered, StillWorking or IdempotencyKeyReused when it is taken."""
        if cache.add(self.name, {"body": self.body}, SECONDS_RESERVED):
            return
        kept = cache.get(self.name) or {"body": self.body}
        if kept["body"] != self.body:
            raise IdempotencyKeyReused("This Idempotency-Key was sent with another body before.")
        if "status" not in kept:
            raise StillWorking("The first request with this Idempotency-Key is still at work.")
        raise Answered(
            Response(orjson.loads(kept["content"]), status=kept["status"], headers=kept["headers"])
        )

    def settle(self, response: Response) -> Response:
        """Keep ``response`` once it is rendered if it is a success; else free the slot."""
        if 200 <= response.status_code < 300:
            response.add_post_render_callback(self._keep)
        else:
            cache.delete(self.name)
        return response

    def _keep(self, response: Any) -> None:
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        answer = {
            "body": self.body,
            "status": response.status_code,
            "headers": headers,
            "content": response.content,
        }
        cache.set(self.name, answer, SECONDS_KEPT)


def slot_of(request: Request) -> Slot | None:
    """The slot that a POST with an ``Idempotency-Key`` asks for. Raises ValidationError for a bad key."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if request.method != "POST" or key is None:
        return None
    if not KEY.fullmatch(key):
        raise ValidationError(
            [ErrorDetail("Idempotency-Key is 1 to 255 visible ASCII characters.", code="invalid")]
        )
    return Slot(request, key)
