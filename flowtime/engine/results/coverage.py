"""How completely classes are known at the places they reach (engine §13.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..expansion.expanded import Expanded
from ..expansion.series_ids import bare

_CLASSED_ROLES = (
    "arrivals",
    "served",
    "errors",
    "queueDepth",
    "attempts",
    "failures",
    "retryEcho",
    "exhaustedFailures",
)


def class_coverage(
    expanded: Expanded, classes: Mapping[str, tuple[str, ...]]
) -> Literal["full", "partial", "missing"]:
    """``full`` where each class occurs and each role of a node with classed arrivals has parts."""
    declared = {entry.id for entry in expanded.model.classes}
    occurring = {class_id for found in classes.values() for class_id in found}
    if not declared & occurring:
        return "missing"
    if declared - occurring:
        return "partial"
    for roles in expanded.roles.values():
        if not classes.get(bare(roles.get("arrivals", ""))):
            continue
        bound = (bare(roles[role]) for role in _CLASSED_ROLES if role in roles)
        # Every part of a constant zero, such as the served of a silent dlq, is zero: known, if absent.
        if not all(classes.get(key) or expanded.constants.get(key) == 0 for key in bound):
            return "partial"
    return "full"
