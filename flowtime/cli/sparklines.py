"""A row of numbers as a line of bars; what is undefined stays a gap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 60


def sparkline(values: Sequence[float | None], *, width: int = WIDTH) -> str:
    """Return ``values`` as at most ``width`` bars from zero to the highest.

    More values than bars: each bar is the highest of those it stands for, so that no peak is lost.
    A gap means that nothing in it is defined.
    """
    count = min(width, len(values))
    edges = [index * len(values) // count for index in range(count + 1)] if count else [0]
    groups = [values[start:end] for start, end in pairwise(edges)]
    peaks = [max((v for v in group if v is not None), default=None) for group in groups]
    known = [peak for peak in peaks if peak is not None]
    low, high = min(0.0, *known) if known else 0.0, max(known, default=0.0)
    return "".join(_bar(peak, low, high) for peak in peaks)


def _bar(value: float | None, low: float, high: float) -> str:
    if value is None:
        return " "
    share = (value - low) / (high - low) if high > low else 0.0
    return BARS[round(share * (len(BARS) - 1))]
