"""When two amounts differ enough to be worth a word (engine §1.5)."""

from __future__ import annotations

import numpy as np

ABSOLUTE = 1e-6
RELATIVE = 1e-9


def tolerance(a: np.ndarray | float, b: np.ndarray | float) -> np.ndarray:
    """``tol(a, b)``, element by element."""
    allowed: np.ndarray = ABSOLUTE + RELATIVE * np.maximum(np.abs(a), np.abs(b))
    return allowed


def exceeds(
    above: np.ndarray, below: np.ndarray | float, largest: float | None = None
) -> np.ndarray:
    """Where ``above`` is larger by more than the tolerance; never where either is not a number.

    The relative part is worked out only if some gap is too small to settle without it. ``largest`` is a bound of all
    magnitudes, if one is known.
    """
    gap = above - below
    is_candidate = gap > ABSOLUTE
    candidates = np.count_nonzero(is_candidate)
    if not candidates:
        return is_candidate
    if largest is None:
        largest = max(_extreme(above), _extreme(below))
    is_certain: np.ndarray = gap > ABSOLUTE + RELATIVE * largest
    if np.count_nonzero(is_certain) == candidates:
        return is_certain
    return gap > tolerance(above, below)


def differs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two arrays are apart by more than the tolerance; never where either is not finite."""
    gap = np.abs(a - b)
    found: np.ndarray = np.isfinite(gap) & (gap > tolerance(a, b))
    return found


def _extreme(data: np.ndarray | float) -> float:
    """The largest magnitude; infinite where something is missing, so that nothing counts as certain."""
    array = np.asarray(data)
    low, high = float(array.min()), float(array.max())
    return max(-low, high) if np.isfinite(low + high) else np.inf
