"""ISO-8601 instants in UTC, as text and as ``datetime64`` (engine §2.1)."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

_INSTANT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(?:Z|\+00:00)?)?\Z"
)


def parse_timestamp(text: str) -> np.datetime64 | None:
    """The instant in milliseconds, None where the text is none, is finer, or has another offset than UTC."""
    match = _INSTANT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (group or "00" for group in match.groups()[:6])
    fraction = (match[7] or "").ljust(3, "0")
    if int(year) == 0 or int(fraction[3:] or "0"):
        return None
    try:
        return np.datetime64(f"{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction[:3]}", "ms")
    except ValueError:
        return None


def timestamp_text(instant: np.datetime64) -> str:
    """``2013-02-07T00:00:00Z``, with milliseconds only where there are some."""
    return str(np.datetime_as_string(instant, unit="ms")).removesuffix(".000") + "Z"
