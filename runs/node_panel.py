"""The panel beside the player: one node in one bin, with its figures, formulas and warnings, and its numbers bin by bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runs import measures, wording
from runs.arrays import largest_of, plain
from runs.drawing import STATE_WORDS, STATES
from runs.explained import Explanation, explain, explain_expression
from runs.layout import letters_of
from runs.topology import KIND_WORDS
from runs.travel import largest, value_in

if TYPE_CHECKING:
    from runs.travel import Journey, Stop

ROWS_A_PAGE = 240
MAIN = (
    "arrivals",
    "served",
    "errors",
    "queueDepth",
    "latencyMinutes",
    "oldestAgeMin",
    "throughputRatio",
    "utilization",
)
"""The figures that stand in the panel at once; the others are a press away."""
SPARK_POINTS = 240
"""A sparkline is narrower than so many pixels."""
STANDSTILL = 3
"""Bins without service that are worth a remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the node in the bin, with its course over the run and the series behind it."""

    name: str
    series_id: str
    value: float | None
    course: list[float | None]
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One node as the panel shows it; ``chip`` is the number that decides its state, and what follows it."""

    node_id: str
    label: str
    kind: str
    state: str
    state_words: str
    chip: Figure | None
    chip_after: str
    headline: Figure | None
    word: str
    peak: float
    peak_bin: int
    at: str
    change: float | None
    figures: list[Figure]
    more: list[Figure]
    explained: list[Explanation]
    more_explained: list[Explanation]
    warnings: list[tuple[Any, bool]]
    remarks: Mapping[str, Sequence[Any]]

    @property
    def is_stock(self) -> bool:
        """Stocks are what is there at the end of the bin; flows are what came within it."""
        return self.headline is not None and self.headline.name == "queueDepth"

    @property
    def change_words(self) -> str:
        """``up 3 in this bin, peak 36 in bin 116``."""
        if self.change is None:
            said = ""
        elif self.change == 0:
            said = "unchanged in this bin, "
        else:
            way = "up" if self.change > 0 else "down"
            said = f"{way} {wording.say_number(abs(self.change))} in this bin, "
        return f"{said}peak {wording.say_number(self.peak)} in bin {self.peak_bin}"


def open_panel(journey: Journey, stop: Stop, metric: str, index: int) -> Panel:
    """The panel of ``stop`` in bin ``index``; its journey must have been read with all its columns."""
    shown = stop.shown(metric)
    names = measures.in_their_order(set(stop.columns))
    figures = [_figure(stop, name, index) for name in names]
    found = {figure.name: figure for figure in figures}
    values = stop.columns.get(shown, np.full(journey.bins, np.nan))
    state = STATES[letters_of(stop.colours[index : index + 1])]
    decided_by = "latencyMinutes" if stop.layout.kind == "queue" else "utilization"
    explained = {
        name: told
        for name in names
        if (
            told := explain(
                name,
                stop.columns,
                index,
                bin_minutes=journey.layout.bin_minutes,
                promised=stop.layout.promised,
                decimals=measures.DECIMALS,
            )
        )
    }
    first = [name for name in (decided_by, "queueDepth") if name in explained]
    now, before = (value_in(stop.columns, shown, at) for at in (index, index - 1))
    return Panel(
        node_id=stop.layout.id,
        label=stop.layout.label,
        kind=KIND_WORDS.get(stop.layout.kind, stop.layout.kind),
        state=state,
        state_words=STATE_WORDS[state],
        chip=found.get(decided_by) if stop.layout.kind != "dlq" else None,
        chip_after=_chip_after(stop),
        headline=found.get(shown),
        word=stop.word(shown),
        peak=largest(values),
        peak_bin=int(np.nan_to_num(values, nan=-np.inf).argmax()) if len(values) else 0,
        at=journey.clock.end(index),
        change=None if now is None or before is None else now - before,
        figures=[found[name] for name in MAIN if name in found],
        more=[figure for figure in figures if figure.name not in MAIN],
        explained=[explained[name] for name in first],
        more_explained=[
            *(explain_expression(told, stop.columns, index) for told in stop.layout.expressed),
            *(explained[name] for name in explained if name not in first),
        ],
        warnings=[
            (warning, any(a <= index <= b for a, b in warning.bins) or not warning.bins)
            for warning in journey.layout.warnings
            if warning.node_id == stop.layout.id
        ],
        remarks=remarks(journey, stop),
    )


def _figure(stop: Stop, name: str, index: int) -> Figure:
    measure = measures.MEASURES[name]
    return Figure(
        name=name,
        series_id=stop.layout.columns[name].series_id,
        value=value_in(stop.columns, name, index),
        course=plain(largest_of(stop.columns[name], -(-len(stop.columns[name]) // SPARK_POINTS))),
        unit=measure.unit,
        decimals=measure.decimals,
    )


def _chip_after(stop: Stop) -> str:
    if stop.layout.kind != "queue":
        return " used"
    if stop.layout.promised is None:
        return " min, nothing promised"
    return f" of {wording.say_number(stop.layout.promised)} min"


def remarks(journey: Journey, stop: Stop) -> dict[str, Sequence[Any]]:
    """At most one remark a chart: the bin it is about, and a short sentence."""
    said: dict[str, Sequence[Any]] = {}
    for name in ("queueDepth", "errors"):
        values = stop.columns.get(name)
        if values is not None and (peak := largest(values)) > 0:
            at = int(np.nan_to_num(values, nan=-np.inf).argmax())
            said[name] = at, f"peak {wording.say_number(peak)} in bin {at}"
    if {"arrivals", "served"} <= stop.columns.keys():
        still = (stop.columns["arrivals"] > 0) & (stop.columns["served"] == 0)
        first, length = _longest(still)
        if length >= STANDSTILL:
            span = wording.say_minutes(length * journey.layout.bin_minutes)
            said["served"] = first, f"nothing {stop.word('served')} for {span}"
    return said


def _longest(holds: np.ndarray) -> tuple[int, int]:
    """(first, length) of the longest stretch in which something holds; length 0 where it never does."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], holds.astype(np.int8), [0]))))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(starts):
        return 0, 0
    at = int(lengths.argmax())
    return int(starts[at]), int(lengths[at])


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One bin of a node: when it is, its state, and the value of each column."""

    index: int
    span: str
    state: str
    state_words: str
    values: list[tuple[float | None, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTable:
    """The numbers behind the charts of one node."""

    node_id: str
    label: str
    heads: list[str]
    rows: list[TableRow]
    next_row: int | None
    previous_row: int | None


def node_table(journey: Journey, stop: Stop, first: int, names: Sequence[str]) -> NodeTable:
    """The bins of ``stop`` from ``first`` on, one page of them."""
    first = min(first, max(journey.bins - 1, 0))
    last = min(first + ROWS_A_PAGE, journey.bins)
    shown = [name for name in measures.in_their_order(set(names)) if name in stop.columns]
    letters = letters_of(stop.colours)
    return NodeTable(
        node_id=stop.layout.id,
        label=stop.layout.label,
        heads=[measures.MEASURES[name].label for name in shown],
        rows=[
            TableRow(
                index=index,
                span=journey.clock.span(index),
                state=STATES[letters[index]],
                state_words=STATE_WORDS[STATES[letters[index]]],
                values=[
                    (value_in(stop.columns, name, index), measures.DECIMALS[name]) for name in shown
                ],
            )
            for index in range(first, last)
        ],
        next_row=last if last < journey.bins else None,
        previous_row=max(first - ROWS_A_PAGE, 0) if first else None,
    )
