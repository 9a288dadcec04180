"""Weights over the clock: the built-in days, and their exact mean over each bin (engine §12.3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..model.grid import Grid
from ..model.nodes import Profile

_HOURS: Final = 24
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000


def _day(text: str) -> tuple[float, ...]:
    return tuple(float(weight) for weight in text.split())


PROFILES: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "flat": (1.0,) * _HOURS,
        "online-evening": _day(
            ".5 .35 .25 .2 .2 .25 .4 .6 .8 .9 1 1.05 1.1 1.05 1 1 1.1 1.3 1.6 1.9 2 1.8 1.3 .8"
        ),
        "night-batch": _day(
            "2.5 2.6 2.6 2.4 2 1.4 .8 .5 .4 .35 .35 .35 .35 .35 .35 .4 .4 .45 .5 .6 .8 1.2 1.7 2.2"
        ),
        "weekday-office": _day(
            ".18 .16 .15 .15 .2 .3 .45 .7 .95 1.15 1.25 1.3 "
            "1.25 1.15 1.05 1 .95 .85 .65 .5 .38 .3 .25 .2"
        ),
        "three-shift": _day(
            ".9 .9 .9 .92 .95 .98 1 1.03 1.06 1.1 1.12 1.15 "
            "1.12 1.08 1.05 1.02 1 .98 .96 .94 .92 .9 .9 .9"
        ),
        "hub-rush-hour": _day(
            ".2 .18 .17 .17 .2 .35 .7 1.2 1.4 1.25 1 .85 .8 .85 .95 1.1 1.35 1.5 1.35 1 .65 .4 .3 .22"
        ),
    }
)
"""Hourly weights of each built-in profile, hours 0 to 23 UTC."""


def profile_weights(profile: Profile, grid: Grid) -> NDArray[np.float64]:
    """``w`` of engine §12.3, shape (bins,): what a mean is multiplied with in each bin."""
    if profile.kind == "inline":
        given = np.asarray(profile.weights, dtype=np.float64)
        weights: NDArray[np.float64] = given / given.mean()
        return weights
    hours: NDArray[np.float64] = np.asarray(PROFILES[profile.name or "flat"], dtype=np.float64)
    daily_mean = hours.mean()
    if profile.span == "window":
        edges = np.arange(grid.bins + 1) / grid.bins * _HOURS
        stretched = np.diff(_area(hours, edges)) * grid.bins / (_HOURS * daily_mean)
        return np.asarray(stretched, dtype=np.float64)
    first = 0 if grid.start is None else int(grid.start.astype("datetime64[ms]").astype(np.int64))
    instants = first % _DAY_MS + np.arange(grid.bins + 1, dtype=np.int64) * grid.bin_ms
    days, rest = np.divmod(instants, _DAY_MS)
    # Whole days are counted apart from the rest: their area would swamp that of a short bin.
    area = np.diff(days) * hours.sum() + np.diff(_area(hours, rest / _HOUR_MS))
    return np.asarray(area * _HOUR_MS / grid.bin_ms / daily_mean, dtype=np.float64)


def _area(hours: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area under one day's step function from hour 0 to each hour in ``at`` (0 to 24)."""
    cumulative = np.concatenate(([0.0], np.cumsum(hours)))
    area: NDArray[np.float64] = np.interp(at, np.arange(_HOURS + 1), cumulative)
    return area
