"""How long the oldest unit of work has waited, first in, first out (engine §17.3)."""

from __future__ import annotations

import numpy as np

NOTHING = 1e-9
"""A level, or a cumulative difference, that counts as none (engine §17.3)."""


def find_ages(
    inflow: np.ndarray, depth: np.ndarray, seeds: np.ndarray, minutes: float, *, out: np.ndarray
) -> np.ndarray:
    """Ages in minutes at the end of each bin, for stacks of shape (n, bins) and seeds (n,); ``inflow`` has no gaps.

    A content that has come within the bin needs no look back.
    """
    ages: np.ndarray = np.divide(depth, inflow, out=out)
    np.putmask(ages, depth <= NOTHING, 0.0)
    # A ratio below zero: a correction came in, and all that waits is older.
    is_older = (ages > 1.0) | (ages < 0.0)
    if np.count_nonzero(is_older):
        for row in np.flatnonzero(is_older.any(axis=1)).tolist():
            bins = np.flatnonzero(is_older[row])
            ages[row, bins] = _look_back(inflow[row], depth[row], float(seeds[row]), bins)
    ages *= minutes
    return ages


def _look_back(inflow: np.ndarray, depth: np.ndarray, seed: float, bins: np.ndarray) -> np.ndarray:
    """Ages in bins at ``bins`` of one queue, from the bin in which the first unit still there has come.

    What has left so far is what has come minus what is there: the ledger of engine §18.1 makes that equal to the
    cumulative out + lost + overflow.
    """
    came = np.cumsum(inflow)
    came += seed
    left = came[bins] - depth[bins]
    # A correction below zero must not hide a later arrival: the search needs a sequence that never falls.
    first = np.searchsorted(np.maximum.accumulate(came), left + NOTHING, side="right")
    np.minimum(first, bins, out=first)
    before = np.where(first > 0, came[first - 1], seed)
    ages: np.ndarray = bins + 1.0 - first - (left - before) / inflow[first]
    is_seed = left + NOTHING < seed
    ages[is_seed] = bins[is_seed] + 1.0
    return ages
