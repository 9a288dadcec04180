"""How far two arrays of one series are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two arrays side by side. NaN equals NaN; signs of zero do not matter.

    ``max_abs`` and ``mean_abs`` are over the bins that are finite on both sides, None where there is none;
    ``max_bin`` is the first bin that far apart, ``first`` the first bin that differs, and ``count`` how many do.
    """

    is_identical: bool
    max_abs: float | None
    max_bin: int | None
    mean_abs: float | None
    first: int | None
    count: int


SAME = Difference(is_identical=True, max_abs=0.0, max_bin=None, mean_abs=0.0, first=None, count=0)


def measure(ours: np.ndarray, theirs: np.ndarray) -> Difference:
    """The difference of two arrays of equal shape (bins,)."""
    differs = ~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))
    count = int(np.count_nonzero(differs))
    if not count:
        return SAME
    comparable = np.flatnonzero(np.isfinite(ours) & np.isfinite(theirs))
    apart = np.abs(ours[comparable] - theirs[comparable])
    return Difference(
        is_identical=False,
        max_abs=float(apart.max()) if apart.size else None,
        max_bin=int(comparable[apart.argmax()]) if apart.any() else None,
        mean_abs=float(apart.mean()) if apart.size else None,
        first=int(differs.argmax()),
        count=count,
    )
