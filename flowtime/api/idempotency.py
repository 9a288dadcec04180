"""``Idempotency-Key``: a POST that is sent again is answered again, and done once.

The answer is kept in the shared cache for a day, by caller, address and key. Only success is kept:
a request that failed did nothing, so sending it again is safe as it is. A secret in an answer is not
kept: it is derived from SECRET_KEY, the caller's key, which is not kept either, and a number drawn for
the request, so that only who sends the key again can be told it again.
"""

import hashlib
import re
import secrets
from typing import Any

import orjson
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.errors import FlowTimeError

SECONDS_KEPT = 24 * 3600
# Longer than a run may take inside a request; a crashed process must not block its key for a day.
SECONDS_RESERVED = 300
KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Location", "Retry-After", "Preference-Applied", "ETag", "Cache-Control")
SALT = "flowtime.idempotency"


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

    def __init__(self, request: Request, key: str, *, secret_member: str = "") -> None:
        self._owner = f"{request.user.pk}\n{request.path}\n{key}"
        # By SECRET_KEY too: under another one nothing is found of what could not be made again.
        self.name = "idempotency." + _derived(f"{SALT}.name", self._owner)
        self._secret_member = secret_member
        self._drawn = secrets.token_hex(16)
        body = orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)
        self.body = hashlib.sha256(body).hexdigest()

    @property
    def secret(self) -> str:
        """64 hex digits that this request alone can be told again."""
        return _derived(f"{SALT}.secret", f"{self._drawn}\n{self._owner}")

    def reserve(self) -> None:
        """Take the slot. Raises Answered, StillWorking or IdempotencyKeyReused when it is taken."""
        if cache.add(self.name, {"body": self.body}, SECONDS_RESERVED):
            return
        kept = cache.get(self.name) or {"body": self.body}
        if kept["body"] != self.body:
            raise IdempotencyKeyReused("This Idempotency-Key was sent with another body before.")
        if "status" not in kept:
            raise StillWorking("The first request with this Idempotency-Key is still at work.")
        content = orjson.loads(kept["content"])
        if self._secret_member:
            self._drawn = kept["drawn"]
            content[self._secret_member] = self.secret
        raise Answered(Response(content, status=kept["status"], headers=kept["headers"]))

    def settle(self, response: Response) -> Response:
        """Keep ``response`` once it is rendered if it is a success; else free the slot."""
        if 200 <= response.status_code < 300:
            response.add_post_render_callback(self._keep)
        else:
            cache.delete(self.name)
        return response

    def _keep(self, response: Any) -> None:
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        content = response.content
        if self._secret_member:
            shown = orjson.loads(content)
            del shown[self._secret_member]
            content = orjson.dumps(shown)
        answer = {
            "body": self.body,
            "status": response.status_code,
            "headers": headers,
            "content": content,
            "drawn": self._drawn,
        }
        cache.set(self.name, answer, SECONDS_KEPT)


def _derived(salt: str, text: str) -> str:
    return salted_hmac(salt, text, algorithm="sha256").hexdigest()


def slot_of(request: Request, *, secret_member: str = "") -> Slot | None:
    """The slot that a POST with an ``Idempotency-Key`` asks for. Raises ValidationError for a bad key.

    ``secret_member`` is the member of the answer that must not be kept: ``slot.secret``.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if request.method != "POST" or key is None:
        return None
    if not KEY.fullmatch(key):
        raise ValidationError(
            [ErrorDetail("Idempotency-Key is 1 to 255 visible ASCII characters.", code="invalid")]
        )
    return Slot(request, key, secret_member=secret_member)
