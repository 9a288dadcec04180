"""The shape of a run: its worst state in each forty-eighth, small enough to store on the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 48
LETTERS = ".gyr"
"""By colour number of the engine: gray, green, yellow, red. The fifth, ``dlq``, is a word and not a state."""

_DLQ = 4


def shape_of(colours: Iterable[np.ndarray], *, bins: int) -> str:
    """The tape of ``colours``, one array of shape (bins,) a node: ``.`` undefined, then ``g``, ``y``, ``r``.

    Where there are fewer bins than letters, a bin stands under several of them.
    """
    worst = np.zeros(bins, dtype=np.int64)
    for node in colours:
        np.maximum(worst, np.where(node == _DLQ, 0, node), out=worst)
    first = np.arange(WIDTH) * bins // WIDTH
    if bins >= WIDTH:
        worst = np.maximum.reduceat(worst, first)
    else:
        worst = worst[first]
    return "".join(LETTERS[state] for state in worst.tolist())
