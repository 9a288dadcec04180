"""Instants as text: RFC 3339, UTC, with a ``Z``."""

from datetime import UTC, datetime
from typing import overload

import numpy as np
from django.utils import timezone


def now_after(instant: datetime | None) -> datetime:
    """Now, but never before ``instant``: a clock may step back between a beginning and its end."""
    now = timezone.now()
    return now if instant is None else max(now, instant)


@overload
def to_text(instant: datetime) -> str: ...
@overload
def to_text(instant: datetime | None) -> str | None: ...
def to_text(instant: datetime | None) -> str | None:
    """``2026-11-23T10:15:00Z``; microseconds are kept where there are any."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_text(text: str | None) -> datetime | None:
    """The instant that ``to_text`` wrote."""
    return datetime.fromisoformat(text) if text else None


def from_grid(start: np.datetime64 | None) -> datetime | None:
    """The start of a grid, which is UTC without saying so."""
    if start is None:
        return None
    return start.astype("datetime64[ms]").item().replace(tzinfo=UTC)
