"""How long the oldest unit of work has waited, first in, first out (engine §17.3)."""

from __future__ import annotations

import numpy as np

NOTHING = 1e-9
"""A level, or a cumulative difference, that counts as none (engine §17.3)."""


def fill_oldest_ages(
    *, inflow: np.ndarray, depth: np.ndarray, seeds: np.ndarray, minutes: float, out: np.ndarray
) -> None:
    """Age in minutes at the end of each bin, for stacks of shape (n, bins), seeds (n, 1); ``inflow`` has no gaps.

    What has left so far is what has come minus what is there: the ledger of engine §18.1 makes that equal to the
    cumulative out + lost + overflow. A content that arrived within the bin needs no look back.
    """
    np.divide(depth, inflow, out=out)
    np.putmask(out, depth <= NOTHING, 0.0)
    # A ratio above one, or below zero where a correction came in: the content is older than the bin.
    is_older = out > 1.0
    is_older |= out < 0.0
    if np.count_nonzero(is_older):
        for row in np.flatnonzero(is_older.any(axis=1)):
            bins = np.flatnonzero(is_older[row])
            out[row, bins] = _look_back(inflow[row], depth[row], float(seeds[row, 0]), bins)
    out *= minutes


def _look_back(inflow: np.ndarray, depth: np.ndarray, seed: float, bins: np.ndarray) -> np.ndarray:
    """Ages in bins at ``bins``, from the bin in which the first unit still there has come."""
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
