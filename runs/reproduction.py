"""How exactly one run reproduces another: every series compared, value by value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from runs.differences import measure


class SeriesHolder(Protocol):
    """Series by id, such as an open run bundle."""

    @property
    def series_ids(self) -> tuple[str, ...]: ...

    def series(self, series_id: str) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Reproduction:
    """``identical`` of ``total`` series agree in every bin; the rest by at most ``max_abs_diff``.

    ``max_abs_diff`` is None where a series is missing on one side, or defined on one side only, and nothing
    else can be compared.
    """

    identical: int
    total: int
    max_abs_diff: float | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "identical": self.identical,
            "total": self.total,
            "maxAbsDiff": self.max_abs_diff,
        }


def compare_series(ours: Mapping[str, np.ndarray], theirs: SeriesHolder) -> Reproduction:
    """Compare arrays by series id with every series that ``theirs`` holds. NaN equals NaN; signs of zero do not matter."""
    ids = set(ours) | set(theirs.series_ids)
    identical = 0
    worst: float | None = None
    for series_id in sorted(ids & set(ours) & set(theirs.series_ids)):
        mine, source = ours[series_id], theirs.series(series_id)
        if mine.shape != source.shape:
            continue
        found = measure(mine, source)
        identical += found.is_identical
        if found.max_abs is not None:
            worst = found.max_abs if worst is None else max(worst, found.max_abs)
    return Reproduction(identical=identical, total=len(ids), max_abs_diff=worst)
