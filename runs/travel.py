"""What the player knows of a run: its nodes and their columns, what waits altogether, and where it opens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings

from flowtime.engine import COLOURED_BY, COLOURS
from runs import measures
from runs.bin_clock import BinClock
from runs.expressed import inputs_of
from runs.layout import ConnectionLayout, Layout, PlaceLayout, layout_of
from runs.reading import readable
from runs.state import Arrays, PlaceState, read_arrays, read_place
from runs.topology import in_order

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle
    from runs.models import Run

ROLES = ("arrivals", "served", "errors", "queueDepth")
BASE = (*ROLES, *COLOURED_BY)
"""The columns of every node that cards, tracks and the table draw; others are read when they are asked for."""
FLOWS = ("flowVolume", "attemptsVolume", "failuresVolume")
"""What an edge carries, by the first of these that it has."""
STATE, METRIC = "state", "metric"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the address of the player holds: a link to it shows the same."""

    bin: int
    node: str
    metric: str
    rows: str
    first: int
    last: int

    @property
    def bins(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One node of the journey: where it lies, its columns, and its colour numbers bin by bin."""

    layout: PlaceLayout
    columns: Arrays
    colours: np.ndarray
    is_apart: bool

    @property
    def counts(self) -> bool:
        """Whether its work is part of the whole: roll-ups would count twice, and dead letters wait for nobody."""
        return not self.is_apart and self.layout.kind != "dlq"

    @property
    def states(self) -> np.ndarray:
        """The colour numbers from the best to the worst; dead letters are a word and not a state."""
        return np.where(self.colours == COLOURS.index("dlq"), 0, self.colours)

    @property
    def is_compared(self) -> bool:
        """Whether it is drawn beside the others: what only passes work on or takes it in has another scale."""
        return self.counts and self.layout.kind not in ("router", "sink")

    def shown(self, metric: str) -> str:
        """The column that stands for ``metric`` here: itself, or what passes through where there is no such thing."""
        kind = self.layout.kind
        if metric in self.layout.columns and not (kind == "dlq" and metric not in ROLES[:3]):
            return metric
        order = ("arrivals", "served") if kind in ("sink", "dlq") else ("served", "arrivals")
        return next((name for name in order if name in self.layout.columns), metric)

    def word(self, name: str) -> str:
        """The word behind a figure of this column, the author's own where there is one."""
        own = self.layout.aliases.get(name)
        known = measures.MEASURES.get(name)
        return own or (known.word if known else name)


@dataclass(frozen=True, kw_only=True)
class Journey:
    """A run as the player travels through it; nodes from left to right, roll-ups last."""

    layout: Layout
    stops: tuple[Stop, ...]
    flows: tuple[tuple[ConnectionLayout, np.ndarray | None], ...]
    digest: str

    @cached_property
    def clock(self) -> BinClock:
        layout = self.layout
        return BinClock(bins=layout.bins, bin_minutes=layout.bin_minutes, start=layout.start)

    @property
    def bins(self) -> int:
        return self.layout.bins

    def stop(self, node_id: str) -> Stop | None:
        return next((stop for stop in self.stops if stop.layout.id == node_id), None)

    def total(self, role: str) -> np.ndarray:
        """What all nodes that count have of a role, bin by bin; undefined counts nothing."""
        values = [stop.columns[role] for stop in self.stops if stop.counts and role in stop.columns]
        return np.nansum(values, axis=0) if values else np.zeros(self.bins)

    def peak(self, name: str) -> float:
        """The largest value of a column at the nodes that are compared, or at any where none of those has it."""
        having = [stop for stop in self.stops if name in stop.columns]
        compared = [stop for stop in having if stop.is_compared] or having
        return max((largest(stop.columns[name]) for stop in compared), default=0.0)

    @cached_property
    def leading(self) -> tuple[str, str, np.ndarray]:
        """What stands on the ruler: all that waits; in a run without queues all that comes in. (label, note, values)."""
        if any(stop.counts and "queueDepth" in stop.columns for stop in self.stops):
            return "All queues", "waiting", self.total("queueDepth")
        fed = {edge.target for edge, _ in self.flows}
        coming = [
            stop.columns["arrivals"]
            for stop in self.stops
            if stop.counts and stop.layout.id not in fed and "arrivals" in stop.columns
        ]
        values = np.nansum(coming, axis=0) if coming else np.zeros(self.bins)
        return "Arrivals", "from outside", values

    def largest_flow(self) -> float:
        return max((largest(values) for _, values in self.flows if values is not None), default=0.0)

    def metrics(self) -> list[str]:
        """What can be shown, as far as any node has it."""
        found = {name for stop in self.stops for name in stop.layout.columns}
        return measures.in_their_order(found)

    @cached_property
    def opens_at(self) -> int:
        """Where the queue peaks; without a queue the worst state, else the first warning, else the beginning."""
        waiting = self.total("queueDepth")
        if waiting.max(initial=0.0) > 0:
            return int(waiting.argmax())
        states = [stop.states for stop in self.stops if stop.counts]
        worst = np.max(states, axis=0) if states else np.zeros(self.bins)
        if worst.max(initial=0) > 1:
            return int(worst.argmax())
        return min((a for warning in self.layout.warnings for a, _ in warning.bins), default=0)

    def opens_on(self, index: int) -> str:
        """The node with the longest queue in a bin, or the worst state; the first where all are alike."""
        if not self.stops:
            return ""

        def weight(stop: Stop) -> tuple[bool, float, int]:
            depth = stop.columns.get("queueDepth")
            waiting = float(np.nan_to_num(depth[index])) if depth is not None else 0.0
            return stop.counts, waiting, int(stop.colours[index])

        return max(self.stops, key=weight).layout.id

    def warning_starts(self) -> list[int]:
        """The first bins of all warnings, each once, in order."""
        return sorted({a for warning in self.layout.warnings for a, _ in warning.bins})


def digest_of(run: Run) -> str:
    """The name of everything that follows from the run's files as this version of the program tells it."""
    text = f"{settings.FLOWTIME_VERSION}\n{run.manifest_hash}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def travelling(run: Run, *more: str) -> Iterator[tuple[RunBundle, Journey]]:
    """The journey through ``run`` with its base columns and ``more`` of them. Raises RunUnreadable."""
    with readable(run) as bundle:
        layout = layout_of(bundle)
        names = {*BASE, *more}
        pairs = [(edge.source, edge.target) for edge in layout.connections]
        connected = {name for pair in pairs for name in pair}
        places = {place.id: place for place in layout.places}
        stops = [
            _stop(
                read_place(bundle, places[name], roles=names, metrics=names),
                layout.bins,
                is_apart=bool(connected) and name not in connected,
            )
            for name in in_order(list(places), pairs)
        ]
        yield (
            bundle,
            Journey(
                layout=layout,
                stops=tuple(sorted(stops, key=lambda stop: stop.is_apart)),
                flows=tuple((edge, _flow(bundle, edge)) for edge in layout.connections),
                digest=digest_of(run),
            ),
        )


def with_all_columns(bundle: RunBundle, stop: Stop) -> Stop:
    """The same node with everything that is known of it, and what its expressions read."""
    state = read_place(bundle, stop.layout)
    inputs = read_arrays(bundle, inputs_of(stop.layout.expressed))
    return replace(stop, columns={**state.observed, **state.derived, **inputs})


def _stop(state: PlaceState, bins: int, *, is_apart: bool) -> Stop:
    return Stop(
        layout=state.layout,
        columns={**state.observed, **state.derived},
        colours=state.colours(bins),
        is_apart=is_apart,
    )


def _flow(bundle: RunBundle, edge: ConnectionLayout) -> np.ndarray | None:
    name = next((name for name in FLOWS if name in edge.series), None)
    return None if name is None else read_arrays(bundle, {name: edge.series[name]})[name]


def view_of(journey: Journey, query: Mapping[str, str]) -> View:
    """What the address asks for; where it does not say, or says what is not there, what tells most."""
    last = journey.bins - 1
    first = _number(query, "from", 0, last)
    to = _number(query, "to", last, last)
    if to < first:
        first, to = 0, last
    index = _number(query, "bin", journey.opens_at, last)
    node = query.get("node", "")
    offered = journey.metrics()
    metric = query.get("metric", "")
    return View(
        bin=index,
        node=node if journey.stop(node) else journey.opens_on(index),
        metric=metric if metric in offered else _usual(journey),
        rows=METRIC if query.get("rows") == METRIC else STATE,
        first=first,
        last=to,
    )


def _usual(journey: Journey) -> str:
    """The first metric that a node has which is compared with others; the queue where nothing is known."""
    names = {name for stop in journey.stops if stop.is_compared for name in stop.layout.columns}
    return next(iter(measures.in_their_order(names)), "queueDepth")


def _number(query: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    text = query.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        return otherwise
    return min(int(text), most)


def largest(values: np.ndarray) -> float:
    """The largest finite value, 0 where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def value_in(columns: Mapping[str, Any], name: str, index: int) -> float | None:
    """A column's value in a bin; None where it is undefined or not there, and before the first bin."""
    values = columns.get(name)
    if values is None or index < 0 or not np.isfinite(values[index]):
        return None
    return float(values[index])
