"""The roles of a topology node, and what each kind of node needs and refuses (engine §7.2, §7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KINDS: Final = ("service", "serviceWithBuffer", "queue", "dlq", "router", "dependency", "sink")

NUMERIC_ROLES: Final = (
    "arrivals",
    "served",
    "errors",
    "externalDemand",
    "capacity",
    "parallelism",
    "processingTimeMsSum",
    "servedCount",
)
"""Roles that hold a reference or a number."""

SERIES_ROLES: Final = (
    "queueDepth",
    "attempts",
    "failures",
    "retryEcho",
    "exhaustedFailures",
    "retryBudgetRemaining",
)
"""Roles that hold a reference only."""

RETRY_ROLES: Final = ("retryEcho", "exhaustedFailures", "retryBudgetRemaining")
"""Roles whose reference may be a new id that the retry rules define (engine §12.10)."""

SETTINGS: Final = (
    "retryKernel",
    "maxAttempts",
    "exhaustedPolicy",
    "backoffStrategy",
    "slaMin",
    "aliases",
)
"""Keys of ``semantics`` that are not series."""

ALL_ROLES: Final = (*NUMERIC_ROLES, *SERIES_ROLES)

_PASSIVE: Final = (
    "queueDepth",
    "capacity",
    "attempts",
    "failures",
    "retryEcho",
    "retryKernel",
    "parallelism",
)

REFUSED_ROLES: Final[Mapping[str, tuple[str, ...]]] = {"dependency": _PASSIVE, "sink": _PASSIVE}

REQUIRED_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "service": ("arrivals", "served"),
    "serviceWithBuffer": ("arrivals", "served"),
    "queue": ("arrivals", "served"),
    "dlq": ("arrivals",),
    "router": ("arrivals", "served"),
    "dependency": ("arrivals", "served"),
    "sink": ("arrivals",),
}
"""``served`` of a queue-like node is also given by ``capacity`` (engine §12.4.2)."""
