"""Rows of a matrix picked as one stack: a view where they lie at equal distances, else a copy (engine §24)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Pick = slice | np.ndarray
"""What selects rows: a slice gives a view, an index array a copy."""


def pick(rows: Sequence[int]) -> Pick:
    """The cheapest selector of ``rows``, in their order."""
    if not rows:
        return slice(0, 0)
    step = rows[1] - rows[0] if len(rows) > 1 else 1
    if step > 0 and all(b - a == step for a, b in pairwise(rows)):
        return slice(rows[0], rows[-1] + 1, step)
    return np.array(rows, dtype=np.intp)


def target(matrix: np.ndarray, rows: Pick) -> np.ndarray:
    """An array to compute ``rows`` into: they themselves, or scratch that ``store`` copies back."""
    if isinstance(rows, slice):
        return matrix[rows]
    return np.empty((len(rows), matrix.shape[1]))


def store(matrix: np.ndarray, rows: Pick, data: np.ndarray) -> None:
    """Write what was computed into ``target`` of the same rows; nothing to do where that was a view."""
    if not isinstance(rows, slice):
        matrix[rows] = data
