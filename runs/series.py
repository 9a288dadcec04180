"""Series of a run for reading: a range of bins, thinned out where there are more than can be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowtime.bundles import SeriesEntry
from flowtime.bundles import SeriesNotFound as NotInBundle
from runs import services
from runs.errors import SeriesNotFound
from runs.models import Run


@dataclass(frozen=True, slots=True)
class Selection:
    """Some bins of one series: ``bins`` and ``values`` side by side, out of ``points`` in the range."""

    entry: SeriesEntry
    points: int
    bins: np.ndarray
    values: np.ndarray


def read_index(run: Run) -> tuple[SeriesEntry, ...]:
    """Every series of the run. Raises RunUnreadable."""
    with services.open_bundle(run) as bundle:
        return bundle.index


def read_series(
    run: Run,
    series_id: str,
    *,
    first: int = 0,
    last: int | None = None,
    max_points: int | None = None,
) -> Selection:
    """The values of ``series_id`` in the bins ``first`` to ``last`` inclusive, at most ``max_points`` of them.

    Raises SeriesNotFound or RunUnreadable.
    """
    with services.open_bundle(run) as bundle:
        entry = next((entry for entry in bundle.index if entry.series_id == series_id), None)
        if entry is None:
            raise SeriesNotFound(
                f"Run {run.pk} has no series {series_id[:80]!r}.", seriesId=series_id[:128]
            )
        try:
            values = bundle.series(series_id)
        except NotInBundle as error:
            raise SeriesNotFound(error.detail, seriesId=series_id[:128]) from None
    stop = len(values) if last is None else min(last + 1, len(values))
    bins = np.arange(min(first, len(values)), stop)
    chosen = bins if max_points is None else thin_out(values, bins, max_points)
    return Selection(entry=entry, points=len(bins), bins=chosen, values=values[chosen])


def thin_out(values: np.ndarray, bins: np.ndarray, max_points: int) -> np.ndarray:
    """At most ``max_points`` of ``bins``: of each stretch the least and the greatest value, so no peak is lost.

    A stretch without a finite value keeps its first bin.
    """
    if len(bins) <= max_points:
        return bins
    if max_points < 2:
        return bins[:max_points]
    chosen: list[int] = []
    for stretch in np.array_split(bins, max_points // 2):
        seen = values[stretch]
        finite = np.isfinite(seen)
        if not finite.any():
            chosen.append(int(stretch[0]))
            continue
        low = int(stretch[np.where(finite, seen, np.inf).argmin()])
        high = int(stretch[np.where(finite, seen, -np.inf).argmax()])
        chosen += sorted({low, high})
    return np.array(chosen, dtype=np.int64)
