"""What the tabs of a run's page draw from its bundle: the player, and the series list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runs import services, wording
from runs.arrays import plain, read_array
from runs.models import Integrity, Run
from runs.player import open_player

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, SeriesEntry
    from runs.detail import RunPage

SERIES_A_PAGE = 60


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
    if page.run.integrity not in Integrity.usable():
        return None
    if page.tab == "time":
        return open_player(page.run, query)
    return series_tab(page.run, query) if page.tab == "series" else None


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


def page_number(query: Mapping[str, str], *, key: str = "page", least: int = 1) -> int:
    """The number that the URL asks for; anything unreadable is the least."""
    text = query.get(key, "")
    return max(int(text), least) if text.isascii() and text.isdecimal() and len(text) < 7 else least


def _is_internal(entry: SeriesEntry) -> bool:
    return entry.hidden or entry.origin == "edge"


def _series_row(bundle: RunBundle, entry: SeriesEntry) -> SeriesRow:
    values = plain(read_array(bundle, entry.series_id))
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
