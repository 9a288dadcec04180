"""The heat map of the player: a row of every node, by state or by a metric, and the lanes above, for a range of bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from runs import drawing, measures, wording
from runs.arrays import largest_of, plain
from runs.layout import letters_of
from runs.travel import STATE, largest, value_in

if TYPE_CHECKING:
    from runs.travel import Journey, Stop, View

MOST_CELLS = 720
"""Cells in a row where nobody says how many pixels there are."""
RAMP = 8
"""Steps of ink between nothing and the largest value."""
_SEVERITIES = ("info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node's row: shapes as (class, path data) over ``cells`` cells, its sentence, and the value at the cursor."""

    node_id: str
    label: str
    paths: list[tuple[str, str]]
    sentence: str
    column: str
    value: float | None
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Rows of equal width; ``stretch`` bins are one cell."""

    rows: list[Row]
    cells: int
    stretch: int
    by_state: bool
    metric_label: str


def heat_map(journey: Journey, view: View, *, most_cells: int = MOST_CELLS) -> HeatMap:
    """The rows of ``view``; where bins are more than cells, a cell shows the worst of its bins."""
    stretch = math.ceil(view.bins / max(most_cells, 1))
    top = journey.peak(view.metric)
    return HeatMap(
        rows=[_row(stop, view, stretch, top) for stop in journey.stops],
        cells=-(-view.bins // stretch),
        stretch=stretch,
        by_state=view.rows == STATE,
        metric_label=measures.MEASURES[view.metric].label
        if view.metric in measures.MEASURES
        else view.metric,
    )


def _row(stop: Stop, view: View, stretch: int, top: float) -> Row:
    span = slice(view.first, view.last + 1)
    column = stop.shown(view.metric)
    if view.rows == STATE:
        paths, sentence = _by_state(stop, span, stretch)
    else:
        paths, sentence = _by_metric(stop, view.metric, span, stretch, top)
    return Row(
        node_id=stop.layout.id,
        label=stop.layout.label,
        paths=paths,
        sentence=sentence,
        column=column,
        value=value_in(stop.columns, column, view.bin),
        decimals=measures.DECIMALS.get(column, 1),
    )


def _by_state(stop: Stop, span: slice, stretch: int) -> tuple[list[tuple[str, str]], str]:
    label = stop.layout.label
    if stop.layout.kind == "dlq":
        volumes = stop.columns.get("arrivals", np.zeros(0))[span]
        path = drawing.volume_path(plain(largest_of(volumes, stretch)))
        some = int(np.count_nonzero(np.nan_to_num(volumes)))
        return [("dlq", path)], f"{label}: dead letters in {wording.say_count(some, 'bin')}"
    colours = stop.states[span]
    worst = np.maximum.reduceat(colours, np.arange(0, len(colours), stretch))
    letters = letters_of(worst)
    return drawing.tape_paths(letters), drawing.tape_sentence(letters_of(colours), subject=label)


def _by_metric(
    stop: Stop, metric: str, span: slice, stretch: int, top: float
) -> tuple[list[tuple[str, str]], str]:
    label = stop.layout.label
    values = stop.columns.get(metric)
    words = measures.MEASURES[metric].label.lower() if metric in measures.MEASURES else metric
    if values is None:
        return [], f"{label} has no {words}"
    steps = largest_of(values[span], stretch)
    levels = [
        0 if value is None or value <= 0 else min(math.ceil(value / (top or 1.0) * RAMP), RAMP)
        for value in plain(steps)
    ]
    undefined = np.isnan(steps)
    levels = [-1 if is_blank else level for level, is_blank in zip(levels, undefined, strict=True)]
    said = wording.say_number(largest(values[span]))
    return _ramp(levels), f"{label}: {words} up to {said}"


def _ramp(levels: Sequence[int]) -> list[tuple[str, str]]:
    """Full-height cells by level of ink; what is undefined is left blank."""
    paths: dict[int, list[str]] = {}
    position = 0
    for level, group in groupby(levels):
        width = len(list(group))
        if level >= 0:
            paths.setdefault(level, []).append(f"M{position} 0H{position + width}V22H{position}Z")
        position += width
    return [(f"ink-{level}", "".join(bars)) for level, bars in sorted(paths.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of the warnings' lane, in bins of the range shown."""

    severity: str
    first: int
    width: int


def warning_blocks(journey: Journey, view: View) -> list[Block]:
    """Where warnings hold, the graver above the lighter; as fine as the rows below, and no finer."""
    stretch = math.ceil(view.bins / MOST_CELLS)
    found = []
    for severity in _SEVERITIES:
        holds = np.zeros(journey.bins, dtype=bool)
        for warning in journey.layout.warnings:
            if warning.severity == severity:
                for first, last in warning.bins:
                    holds[first : last + 1] = True
        shown = holds[view.first : view.last + 1]
        cells = np.logical_or.reduceat(shown, np.arange(0, len(shown), stretch))
        edges = np.flatnonzero(np.diff(cells.astype(np.int8), prepend=0, append=0))
        found += [
            Block(severity=severity, first=int(a) * stretch, width=int(b - a) * stretch)
            for a, b in edges.reshape(-1, 2)
        ]
    return found
