"""Scoped limits, counted in the shared cache so that every process sees the same count."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from flowtime.api.permissions import action_of

# Not at run time: rest_framework.views itself imports the default throttle classes.
if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ScopedThrottle(SimpleRateThrottle):
    """Counts one scope for one caller: the user when signed in, else the address."""

    scope = ""

    def __init__(self) -> None:
        """Wait for the scope: only the view knows it."""

    def get_cache_key(self, request: Request, view: APIView) -> str:
        user = getattr(request, "user", None)
        who = f"user-{user.pk}" if user and user.is_authenticated else self.get_ident(request)
        return f"throttle.{self.scope}.{who}"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count this request; False when the scope is used up."""
        rate: Any = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        self.rate = rate
        self.num_requests, self.duration = self.parse_rate(self.rate)
        if self.rate is None:
            return True
        # The cache reads, then writes: two processes must not both count the last free place.
        with transaction.atomic():
            self._take_turn(self.get_cache_key(request, view))
            return bool(super().allow_request(request, view))

    def _take_turn(self, key: str) -> None:
        """Wait for others that count the same key. SQLite's transactions are one at a time already."""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(key.encode())])


class ActionThrottle(ScopedThrottle):
    """The scope that ``view.throttles_by_action`` gives this action; other actions are free."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        scopes: dict[str, str] = getattr(view, "throttles_by_action", {})
        self.scope = scopes.get(action_of(view, request) or "", "")
        return not self.scope or super().allow_request(request, view)


class LoginThrottle(ScopedThrottle):
    """Attempts to sign in from one address."""

    scope = "login"

    def get_cache_key(self, request: Any, view: Any = None) -> str:
        return f"throttle.login.{self.get_ident(request)}"
