"""Series of a run for reading: a range of bins, thinned out where there are more than can be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flowtime.bundles import RunBundle, SeriesEntry
from runs.arrays import read_array
from runs.errors import SeriesNotFound
from runs.models import Run
from runs.reading import readable


@dataclass(frozen=True, slots=True)
class Selection:
    """Some bins of one series: ``bins`` and ``values`` side by side, out of ``points`` in the range."""

    entry: SeriesEntry
    points: int
    bins: np.ndarray
    values: np.ndarray


def read_index(run: Run) -> tuple[SeriesEntry, ...]:
    """Every series of the run. Raises RunUnreadable."""
    with readable(run) as bundle:
        return bundle.index


def read_model(run: Run) -> bytes:
    """The model that was evaluated, as YAML. Raises RunUnreadable."""
    with readable(run) as bundle:
        return bundle.model_yaml.encode()


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
    with readable(run) as bundle:
        entry = find_entry(bundle, series_id)
        values = read_array(bundle, entry.series_id)
    stop = len(values) if last is None else min(last + 1, len(values))
    bins = np.arange(min(first, len(values)), stop)
    chosen = bins if max_points is None else thin_out(values, bins, max_points)
    return Selection(entry=entry, points=len(bins), bins=chosen, values=values[chosen])


def find_entry(bundle: RunBundle, series_id: str) -> SeriesEntry:
    """The series of that id; raises SeriesNotFound."""
    entry = next((entry for entry in bundle.index if entry.series_id == series_id), None)
    if entry is None:
        raise SeriesNotFound(
            f"Run {bundle.manifest.run_id} has no series {series_id[:80]!r}.",
            seriesId=series_id[:128],
        )
    return entry


def thin_out(values: np.ndarray, bins: np.ndarray, max_points: int) -> np.ndarray:
    """At most ``max_points`` of ``bins``: of each stretch the least and the greatest value, so no peak is lost.

    Where something is undefined, each stretch with a gap keeps one bin of it too, so that no gap is drawn over;
    two points in all leave no room for that.
    """
    if len(bins) <= max_points:
        return bins
    if max_points < 2:
        return bins[:max_points]
    gaps = ~np.isfinite(values[bins])
    shows_gaps = max_points > 2 and bool(gaps.any())
    chosen: list[int] = []
    for stretch in np.array_split(np.arange(len(bins)), max_points // (3 if shows_gaps else 2)):
        undefined = stretch[gaps[stretch]]
        finite = stretch[~gaps[stretch]]
        kept = set(undefined[:1].tolist()) if shows_gaps or not len(finite) else set()
        if len(finite):
            seen = values[bins[finite]]
            kept |= {int(finite[seen.argmin()]), int(finite[seen.argmax()])}
        chosen += sorted(kept)
    return bins[np.array(chosen, dtype=np.int64)]
