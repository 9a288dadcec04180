"""What the tabs of a run's page draw from its bundle: charts by node with the table behind each, and the series list."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import COLOURED_BY
from runs import services, wording
from runs.arrays import read_array
from runs.drawing import STATES, largest_of_stretches
from runs.layout import layout_of, letters_of
from runs.models import Integrity, Run
from runs.state import read_place

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, SeriesEntry
    from runs.detail import RunPage
    from runs.layout import PlaceLayout

SERIES_A_PAGE = 60
NODES_A_PAGE = 12
ROWS_A_PAGE = 240
# A chart is at most this many pixels wide; more steps than pixels cannot be told apart.
MOST_STEPS = 1440

LINES = (
    ("arrivals", "arrivals", "dotted"),
    ("served", "served", "ink"),
    ("errors", "errors", "red"),
    ("queueDepth", "queue depth", "pencil"),
)
"""Role, words and style of each line of a node's chart, in the order of its key."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of a node's chart."""

    label: str
    style: str
    values: list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChart:
    """One node over the run: its state in each bin, its lines, and what stands out in a sentence."""

    node_id: str
    label: str
    kind: str
    letters: str
    lines: list[Line]

    @property
    def remarks(self) -> str:
        """``1,268 served of 1,478, 204 errors, queue at most 36 in bin 116``."""
        lines = {line.label: line.values for line in self.lines}
        if self.kind == "dlq":
            # What arrives there stays there.
            lines = {label: lines[label] for label in lines if label == "arrivals"}
        return ", ".join(_remarks(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One bin of a node: when it begins, its state, and the value of each line."""

    index: int
    begins: str
    state: str
    values: list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTable:
    """The numbers behind one node's chart."""

    node_id: str
    rows: list[TableRow]
    next_row: int | None
    previous_row: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTab:
    """Charts of a page of nodes on one time scale; ``data`` is what the script draws."""

    charts: list[NodeChart]
    table: NodeTable | None
    data: Mapping[str, Any]
    stretch: int
    node_count: int
    next_page: int | None
    previous_page: int | None


def open_tab(page: RunPage, query: Mapping[str, str]) -> Any:
    """What the open tab needs from the run's files; None where it needs nothing, or there are none to read."""
    if page.run.status != Run.Status.SUCCEEDED:
        return None
    if page.run.integrity not in Integrity.usable():
        return None
    if page.tab == "time":
        return time_tab(page.run, query)
    return series_tab(page.run, query) if page.tab == "series" else None


def time_tab(run: Run, query: Mapping[str, str]) -> TimeTab:
    """Charts of the nodes that the query asks for, and the table of one of them. Raises RunUnreadable."""
    number = page_number(query)
    first = (number - 1) * NODES_A_PAGE
    with services.open_bundle(run) as bundle:
        nodes = layout_of(bundle).places
        charts = [_node_chart(bundle, place) for place in nodes[first : first + NODES_A_PAGE]]
    stretch = math.ceil(run.bins / MOST_STEPS)
    return TimeTab(
        charts=charts,
        table=_table(run, charts, query),
        data=_chart_data(run, charts, stretch),
        stretch=stretch,
        node_count=len(nodes),
        next_page=number + 1 if first + NODES_A_PAGE < len(nodes) else None,
        previous_page=number - 1 if number > 1 else None,
    )


def _node_chart(bundle: RunBundle, place: PlaceLayout) -> NodeChart:
    state = read_place(bundle, place, roles=[role for role, _, _ in LINES], metrics=COLOURED_BY)
    return NodeChart(
        node_id=place.id,
        label=place.label,
        kind=place.kind,
        letters=letters_of(state.colours(bundle.manifest.grid.bins)),
        lines=[
            Line(label=label, style=style, values=plain(state.observed[role]))
            for role, label, style in LINES
            if role in state.observed
        ],
    )


def _remarks(lines: Mapping[str, list[float | None]]) -> Iterator[str]:
    totals = {
        label: math.fsum(v for v in values if v is not None) for label, values in lines.items()
    }
    if "served" in totals:
        of = f" of {wording.say_number(totals['arrivals'])}" if "arrivals" in totals else ""
        yield f"{wording.say_number(totals['served'])} served{of}"
    elif "arrivals" in totals:
        yield f"{wording.say_number(totals['arrivals'])} arrived"
    if totals.get("errors"):
        yield f"{wording.say_number(totals['errors'])} errors"
    depths = [(v, i) for i, v in enumerate(lines.get("queue depth", ())) if v is not None]
    if depths:
        peak, at = max(depths, key=lambda pair: pair[0])
        yield f"queue at most {wording.say_number(peak)} in bin {at}" if peak else "no queue"


def _table(run: Run, charts: list[NodeChart], query: Mapping[str, str]) -> NodeTable | None:
    chart = next((chart for chart in charts if chart.node_id == query.get("node")), None)
    if chart is None:
        return None
    first = min(page_number(query, key="row", least=0), max(run.bins - 1, 0))
    last = min(first + ROWS_A_PAGE, run.bins)
    return NodeTable(
        node_id=chart.node_id,
        rows=[
            TableRow(
                index=index,
                begins=wording.say_bin(
                    index, start=run.window_start, bin_size=run.bin_size, bin_unit=run.bin_unit
                ),
                state=STATES[chart.letters[index]],
                values=[line.values[index] for line in chart.lines],
            )
            for index in range(first, last)
        ],
        next_row=last if last < run.bins else None,
        previous_row=max(first - ROWS_A_PAGE, 0) if first else None,
    )


def _chart_data(run: Run, charts: list[NodeChart], stretch: int) -> dict[str, Any]:
    return {
        "bins": run.bins,
        "stretch": stretch,
        "start": run.window_start.timestamp() * 1000 if run.window_start else None,
        "binMinutes": run.window_minutes // run.bins,
        "nodes": {
            chart.node_id: [
                {
                    "label": line.label,
                    "style": line.style,
                    "values": largest_of_stretches(line.values, stretch),
                }
                for line in chart.lines
            ]
            for chart in charts
        },
    }


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


def plain(values: np.ndarray) -> list[float | None]:
    """An array as a page can hold it: what is not finite is undefined."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
