"""Counting instants per bin (engine §23.3)."""

from __future__ import annotations

import numpy as np

from .errors import EngineError
from .model.grid import Grid


def bin_events(times: np.ndarray, grid: Grid) -> tuple[np.ndarray, int]:
    """How many ``datetime64`` instants fall in each bin, float64 of shape (bins,), and how many in none.

    Bins are half-open. NaT is in none. Raises EngineError where the grid has no start.
    """
    if grid.start is None:
        raise EngineError("Events can only be counted on a grid that has a start.")
    instants = np.asarray(times).ravel()
    known = instants[~np.isnat(instants)]
    bins = (known - grid.start) // np.timedelta64(grid.bin_ms, "ms")
    inside = bins[(bins >= 0) & (bins < grid.bins)]
    counts = np.bincount(inside, minlength=grid.bins).astype(np.float64)
    return counts, int(instants.size - inside.size)
