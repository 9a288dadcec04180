"""Announcing that an operation will go: Deprecation (RFC 9745), Sunset (RFC 8594) and a link to what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.http import http_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """Since when an operation should no longer be used, until when it answers, and where that is explained."""

    since: datetime
    sunset: datetime | None = None
    link: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What every answer of the operation says of it."""
        headers = {"Deprecation": f"@{int(self.since.timestamp())}"}
        if self.sunset is not None:
            headers["Sunset"] = http_date(self.sunset.timestamp())
        if self.link is not None:
            headers["Link"] = f'<{self.link}>; rel="deprecation"; type="text/html"'
        return headers
