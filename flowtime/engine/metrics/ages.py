"""How long the oldest unit of work has waited, first in, first out (engine §17.3)."""

from __future__ import annotations

import numpy as np

NOTHING = 1e-9
"""A level, or a cumulative difference, that counts as none (engine §17.3)."""


def settle_ages(
    ages: np.ndarray,
    inflow: np.ndarray,
    depth: np.ndarray,
    seeds: np.ndarray,
    *,
    least: float,
) -> None:
    """Turn ``depth / inflow`` into ages in bins at the end of each bin, for stacks (n, bins) and seeds (n,).

    A content that has come within the bin is as old as that ratio; of an older one the first unit is looked up.
    ``inflow`` has no gaps, and nothing below ``least``.
    """
    never_negative = least >= 0.0
    is_nothing = depth <= NOTHING
    # Where something always comes, an empty queue has the age 0 by itself.
    if not least > 0.0 or np.count_nonzero(is_nothing) != np.count_nonzero(depth == 0.0):
        np.putmask(ages, is_nothing, 0.0)
    elif ages.max() <= 1.0:
        return
    is_older = ages > 1.0
    # An arrival of -0.0 is none, and turns the ratio into minus infinity.
    if not least > 0.0:
        is_older |= ages < 0.0
    if np.count_nonzero(is_older):
        for row in np.flatnonzero(is_older.any(axis=1)).tolist():
            bins = np.flatnonzero(is_older[row])
            came = np.cumsum(inflow[row])
            came += seeds[row]
            # A correction below zero must not hide a later arrival: the search needs a sequence that never falls.
            steps = came if never_negative else np.maximum.accumulate(came)
            ages[row, bins] = _look_back(came, steps, inflow[row], depth[row], seeds[row], bins)


def _look_back(
    came: np.ndarray,
    steps: np.ndarray,
    inflow: np.ndarray,
    depth: np.ndarray,
    seed: float,
    bins: np.ndarray,
) -> np.ndarray:
    """Ages in bins at ``bins`` of one queue, from the bin in which the first unit still there has come.

    What has left so far is what has come minus what is there: the ledger of engine §18.1 makes that equal to the
    cumulative out + lost + overflow.
    """
    left = came[bins] - depth[bins]
    first = steps.searchsorted(left + NOTHING, side="right")
    np.minimum(first, bins, out=first)
    before = came[first - 1]
    before[first == 0] = seed
    ages: np.ndarray = bins + 1.0 - first - (left - before) / inflow[first]
    # More is there than ever came: what was there at the start, or what a loss below zero has put back.
    is_seed = left + NOTHING < seed
    ages[is_seed] = bins[is_seed] + 1.0
    return ages
