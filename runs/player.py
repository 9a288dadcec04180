"""The Time travel tab: everything it shows in the bin that its address asks for, and what its scripts are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runs import blocks, heat, measures
from runs.drawing import STATE_WORDS, STATES
from runs.heat import Block, HeatMap
from runs.layout import letters_of
from runs.node_panel import NodeTable, Panel, node_table, open_panel
from runs.travel import BASE, View, largest, travelling, value_in, view_of, with_all_columns

if TYPE_CHECKING:
    from runs.models import Run
    from runs.travel import Journey, Stop

COLUMNS = ("arrivals", "served", "errors", "queueDepth", "latencyMinutes")
"""The columns of the table that stands for the graph."""
TRACKS = (
    ("queueDepth", "ink", ""),
    ("served", "ink", "arrivals"),
    ("errors", "bars", ""),
    ("latencyMinutes", "ink", ""),
    ("utilization", "ink", ""),
)
"""The charts of the score: column, style, and the column drawn dotted beside it."""
SPEEDS = (2, 8, 24, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """One node in the bin: its state and its figures."""

    node_id: str
    label: str
    state: str
    state_words: str
    values: list[tuple[str, float | None, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One chart of the score and the value at the cursor."""

    name: str
    label: str
    note: str
    value: float | None
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """The tab. ``config`` is what the scripts are told once; the rest they ask for by its digest."""

    view: View
    span: str
    number: str
    flag: str
    columns: list[str]
    rows: list[NodeRow]
    heat: HeatMap
    blocks: list[Block]
    warnings_here: int
    leading: tuple[str, str]
    leads: float
    leads_peak: float
    errors: float
    errors_peak: float
    tracks: list[Track]
    panel: Panel | None
    table: NodeTable | None
    metrics: list[tuple[str, str]]
    speeds: tuple[int, ...]
    next_warning: int | None
    last_bin: int
    config: Mapping[str, Any]

    @property
    def back(self) -> int:
        return max(self.view.bin - 1, 0)

    @property
    def forward(self) -> int:
        return min(self.view.bin + 1, self.last_bin)

    @property
    def is_zoomed(self) -> bool:
        return self.view.bins <= self.last_bin


def open_player(run: Run, query: Mapping[str, str]) -> Player:
    """The player of ``run`` as ``query`` asks for it. Raises RunUnreadable."""
    with travelling(run, query.get("metric", "")) as (bundle, journey):
        view = view_of(journey, query)
        found = journey.stop(view.node)
        stop = with_all_columns(bundle, found) if found else None
        label, note, leading = journey.leading
        errors = journey.total("errors")
        tracks = _tracks(journey, view.metric)
        return Player(
            view=view,
            span=journey.clock.span(view.bin),
            number=journey.clock.number(view.bin),
            flag=journey.clock.flag(view.bin),
            columns=[measures.MEASURES[name].label for name in COLUMNS],
            rows=[_node_row(stop, view.bin) for stop in journey.stops],
            heat=heat.heat_map(journey, view),
            blocks=heat.warning_blocks(journey, view),
            warnings_here=len(journey.layout.warnings_in(view.bin, view.bin)),
            leading=(label, note),
            leads=float(leading[view.bin]),
            leads_peak=float(leading.max(initial=0)),
            errors=float(errors[view.bin]),
            errors_peak=float(errors.max(initial=0)),
            tracks=[_track(journey, stop, name, view.bin) for name, _, _ in tracks],
            panel=open_panel(journey, stop, view.metric, view.bin) if stop else None,
            table=_table(journey, stop, query),
            metrics=[(name, measures.MEASURES[name].label) for name in journey.metrics()],
            speeds=SPEEDS,
            next_warning=next((s for s in journey.warning_starts() if s > view.bin), None),
            last_bin=journey.bins - 1,
            config=_config(journey, view, tracks),
        )


def _table(journey: Journey, stop: Stop | None, query: Mapping[str, str]) -> NodeTable | None:
    row = query.get("row", "")
    if stop is None or not (row.isascii() and row.isdecimal() and len(row) < 10):
        return None
    return node_table(journey, stop, int(row), BASE)


def _tracks(journey: Journey, metric: str) -> list[tuple[str, str, str]]:
    """The charts for which any node has numbers; the metric chosen has one of its own where it is none of them."""
    found = journey.metrics()
    compared = {
        name
        for stop in journey.stops
        for name in stop.columns
        # The load of a queue says nothing that its wait does not.
        if stop.is_compared and not (name == "utilization" and stop.layout.kind == "queue")
    }
    tracks = [track for track in TRACKS if track[0] in compared]
    if metric in found and metric not in {"arrivals", *(name for name, _, _ in tracks)}:
        tracks.append((metric, "ink", ""))
    return tracks


def _track(journey: Journey, stop: Stop | None, name: str, index: int) -> Track:
    measure = measures.MEASURES[name]
    word = stop.word(name) if stop else measure.word
    note = {"served": "line; dots: arrivals", "latencyMinutes": "minutes"}.get(name, word)
    return Track(
        name=name,
        label=measure.label,
        note="" if note.lower() == measure.label.lower() else note,
        value=value_in(stop.columns, name, index) if stop else None,
        decimals=measure.decimals,
    )


def _node_row(stop: Stop, index: int) -> NodeRow:
    state = STATES[letters_of(stop.colours[index : index + 1])]
    return NodeRow(
        node_id=stop.layout.id,
        label=stop.layout.label,
        state=state,
        state_words=STATE_WORDS[state],
        values=[
            (name, value_in(stop.columns, name, index), measures.DECIMALS[name]) for name in COLUMNS
        ],
    )


def _config(journey: Journey, view: View, tracks: list[tuple[str, str, str]]) -> dict[str, Any]:
    layout = journey.layout
    return {
        "runId": layout.run_id,
        "parts": f"/runs/{layout.run_id}/travel/{journey.digest}/",
        "bins": journey.bins,
        "binMinutes": layout.bin_minutes,
        "start": layout.start.timestamp() * 1000 if layout.start else None,
        "opensAt": journey.opens_at,
        "view": {
            "bin": view.bin,
            "node": view.node,
            "metric": view.metric,
            "rows": view.rows,
            "from": view.first,
            "to": view.last,
        },
        "binsEach": blocks.bins_each(journey),
        "isWhole": blocks.is_whole(journey),
        "stretch": blocks.stretch_of(journey),
        "base": BASE,
        "largestFlow": journey.largest_flow(),
        "peaks": {name: journey.peak(name) for name in BASE},
        "metrics": {
            name: [measure.label, measure.word, measure.unit, measure.decimals]
            for name, measure in measures.MEASURES.items()
            if name in journey.metrics()
        },
        "tracks": tracks,
        "nodes": [_node_config(stop) for stop in journey.stops],
        "edges": [
            {"id": edge.id, "from": edge.source, "to": edge.target, "type": edge.type}
            for edge, _ in journey.flows
        ],
        "warnings": [[w.severity, w.node_id, w.bins] for w in layout.warnings],
        "states": STATES,
        "stateWords": STATE_WORDS,
    }


def _node_config(stop: Stop) -> dict[str, Any]:
    place = stop.layout
    has = measures.in_their_order(set(place.columns))
    return {
        "id": place.id,
        "label": place.label,
        "kind": "service" if place.kind == "serviceWithBuffer" else place.kind,
        "isApart": stop.is_apart,
        "isDrawn": stop.is_compared,
        "promised": place.promised,
        "peak": largest(stop.columns["queueDepth"]) if "queueDepth" in stop.columns else 0,
        # What stands for a metric that the node does not have.
        "has": [name for name in has if stop.shown(name) == name],
        "instead": stop.shown(""),
        "words": place.aliases,
    }
