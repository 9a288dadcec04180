"""What the tabs of a run's page draw from its bundle: charts by node, the table behind each, and the series list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runs import services, wording
from runs.models import Run

if TYPE_CHECKING:
    import numpy as np

    from flowtime.bundles import RunBundle, SeriesEntry
    from runs.detail import RunPage

SERIES_A_PAGE = 60
ROWS_A_PAGE = 240
# A chart is at most this many pixels wide; more steps than pixels cannot be told apart.
MOST_STEPS = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One series as the list shows it."""

    entry: SeriesEntry
    values: list[float | None]
    summary: str
    largest: float | None
    largest_bin: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTab:
    """A page of the series list."""

    rows: list[SeriesRow]
    shown: int
    total: int
    has_hidden: bool
    with_hidden: bool
    next_page: int | None
    previous_page: int | None


def open_tab(page: RunPage, query: Mapping[str, str]) -> Any:
    """What the open tab needs from the run's files; None where it needs nothing, or there are none to read."""
    if page.run.status != Run.Status.SUCCEEDED:
        return None
    if page.tab == "series":
        return series_tab(page.run, query)
    return None


def series_tab(run: Run, query: Mapping[str, str]) -> SeriesTab:
    """The series that the query asks for, with a sparkline each. Raises RunUnreadable."""
    with_hidden = query.get("hidden") == "1"
    number = page_number(query)
    with services.open_bundle(run) as bundle:
        listed = [e for e in bundle.index if with_hidden or not _is_internal(e)]
        first = (number - 1) * SERIES_A_PAGE
        entries = listed[first : first + SERIES_A_PAGE]
        return SeriesTab(
            rows=[_series_row(bundle, entry) for entry in entries],
            shown=len(listed),
            total=len(bundle.index),
            has_hidden=any(_is_internal(e) for e in bundle.index),
            with_hidden=with_hidden,
            next_page=number + 1 if first + SERIES_A_PAGE < len(listed) else None,
            previous_page=number - 1 if number > 1 else None,
        )


def series_csv(run: Run, series_id: str) -> bytes:
    """The file of one series as it was written. Raises RunUnreadable or SeriesNotFound."""
    with services.open_bundle(run) as bundle:
        return bundle.series_text(series_id)


def page_number(query: Mapping[str, str]) -> int:
    """The page that the URL asks for, from 1; anything unreadable is the first."""
    text = query.get("page", "1")
    return max(int(text), 1) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def _is_internal(entry: SeriesEntry) -> bool:
    return entry.hidden or entry.origin == "edge"


def _series_row(bundle: RunBundle, entry: SeriesEntry) -> SeriesRow:
    values = plain(bundle.series(entry.series_id))
    defined = [(value, index) for index, value in enumerate(values) if value is not None]
    largest, largest_bin = max(defined, key=lambda pair: pair[0], default=(None, None))
    if not defined:
        summary = wording.UNDEFINED
    elif entry.kind in ("flow", "edge"):
        summary = wording.say_number(math.fsum(value for value, _ in defined))
    else:
        summary = wording.say_number(defined[-1][0])
    return SeriesRow(
        entry=entry, values=values, summary=summary, largest=largest, largest_bin=largest_bin
    )


def plain(values: np.ndarray) -> list[float | None]:
    """An array as a page can hold it: what is not finite is undefined."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
