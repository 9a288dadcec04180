"""One series of a run as its page shows it: course, numbers, statistics, formula, and what it is made of."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import load_model
from runs import overlay, wording
from runs.arrays import plain, read_array
from runs.bins import clock_of, rows_from, stretch_of
from runs.charts import page_number
from runs.drawing import largest_of_stretches
from runs.explained import RULES, explain
from runs.expressed import NAME, bare
from runs.formulas import formulas_of
from runs.layout import layout_of
from runs.node_panel import ROWS_A_PAGE
from runs.reading import readable
from runs.series import find_entry
from runs.state import read_arrays

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, SeriesEntry
    from runs.layout import ConnectionLayout, PlaceLayout
    from runs.models import Run

_NAME = re.compile(NAME)
_NAME_OF_RULE = re.compile(r"\{(\w+)")
# What decides how a rule reads at a node that has it.
ADJUSTING = ("errors", "parallelism")
MOST_READERS = 24


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a formula; ``series_id`` where it names another series of the run."""

    words: str
    series_id: str = ""


@dataclass(frozen=True, slots=True)
class SeriesFormula:
    """How a series is made, in pieces, with what kind of thing makes it."""

    kind: str
    pieces: list[Piece]

    @property
    def inputs(self) -> list[Piece]:
        """The series that it names, each once."""
        return list({piece.series_id: piece for piece in self.pieces if piece.series_id}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """One number about the whole series, and the bin that has it."""

    name: str
    value: float | None
    bin: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One bin of the series."""

    index: int
    begins: str
    value: float | None


class SeriesPage:
    """Everything the page asks for; read while the bundle is open."""

    def __init__(
        self, run: Run, bundle: RunBundle, series_id: str, query: Mapping[str, str]
    ) -> None:
        self.run = run
        self.entry = find_entry(bundle, series_id)
        self._array = read_array(bundle, series_id)
        self._layout = layout_of(bundle)
        self._entries = {entry.id: entry for entry in bundle.index if entry.id}
        self.values = plain(self._array)
        self.first_row = min(page_number(query, key="row", least=0), max(run.bins - 1, 0))
        self._bindings = bundle.record.provenance.get("bindings") or {}
        self._rule = self._explanation(bundle)
        model = load_model(bundle.model_document)
        self._formulas = {f.id: f for f in formulas_of(model, self._entries)}
        self.about = str(
            next((n.metadata.get("description", "") for n in model.nodes if n.id == self._bare), "")
        )

    @property
    def name(self) -> str:
        return self.entry.id or self.entry.series_id

    @property
    def title(self) -> str:
        """The author's title, where there is one."""
        made = self._formulas.get(self._bare)
        return made.title if made else ""

    @property
    def _bare(self) -> str:
        return self.name.partition("@")[0]

    ###########################################################################
    # Where it belongs
    ###########################################################################
    @property
    def place(self) -> PlaceLayout | None:
        """The node of the topology whose role or metric it is, or whose class part."""
        return next(
            (p for p in self._layout.places if self._metric_of(p) or self._is_part(p)), None
        )

    @property
    def roles(self) -> list[str]:
        """What it is to the nodes of the topology: ``Desk: served``."""
        return [role.replace(".", ": ") for role in self.entry.roles]

    @property
    def connection(self) -> ConnectionLayout | None:
        """The edge on which it was measured."""
        return next(
            (
                edge
                for edge in self._layout.connections
                if any(e.series_id == self.entry.series_id for e in edge.series.values())
            ),
            None,
        )

    @property
    def whole(self) -> SeriesEntry | None:
        """The total that this class part belongs to."""
        return self._entries.get(self._bare) if "@" in self.name else None

    @property
    def parts(self) -> list[SeriesEntry]:
        """The class parts of this total."""
        return [e for key, e in self._entries.items() if key.startswith(f"{self.name}@")]

    def _metric_of(self, place: PlaceLayout) -> str:
        """By which role or metric ``place`` has the series; nothing where it has not."""
        mine = self.entry.series_id
        return next((n for n, e in place.columns.items() if e.series_id == mine), "")

    def _is_part(self, place: PlaceLayout) -> bool:
        mine = self.entry.series_id
        return any(e.series_id == mine for parts in place.parts.values() for e in parts.values())

    ###########################################################################
    # How it is made
    ###########################################################################
    @cached_property
    def formula(self) -> SeriesFormula | None:
        """Its own formula, or the rule of its metric; None where it comes from outside or is measured."""
        if self.observed:
            return None
        made = self._formulas.get(self._bare)
        if made is not None and made.formula:
            return SeriesFormula(made.kind, list(self._pieces(made.formula, self._entries)))
        return SeriesFormula("derived", self._rule) if self._rule else None

    def _explanation(self, bundle: RunBundle) -> list[Piece]:
        """The rule of its metric as it holds at its node; nothing where the numbers follow from something else."""
        place = self.place
        metric = self._metric_of(place) if place else ""
        if place is None or metric not in RULES:
            return []
        needed = {metric, *ADJUSTING, *_NAME_OF_RULE.findall(RULES[metric].text)}
        columns = {name: e for name, e in place.columns.items() if name in needed}
        found = explain(
            metric,
            read_arrays(bundle, columns),
            0,
            bin_minutes=self._layout.bin_minutes,
            promised=None,
            decimals={},
        )
        return (
            [self._piece(part.words, columns.get(part.name)) for part in found.parts]
            if found
            else []
        )

    def _piece(self, words: str, entry: SeriesEntry | None) -> Piece:
        # What it was in the bin before is no other series.
        is_other = entry is not None and entry.series_id != self.entry.series_id
        return Piece(words, entry.series_id if entry is not None and is_other else "")

    @property
    def observed(self) -> str:
        """The file of the replayed telemetry bundle that took the place of whatever else would make it."""
        return str(self._bindings.get(self.name) or self._bindings.get(self._bare) or "")

    @property
    def source(self) -> str:
        """The external array that takes the place of a formula."""
        made = self._formulas.get(self._bare)
        return (made.source or "") if made else ""

    @property
    def readers(self) -> list[SeriesEntry]:
        """The series whose formula names this one."""
        found = []
        for made in self._formulas.values():
            entry = self._entries.get(made.id)
            names = {bare(found[0]) for found in _NAME.finditer(made.formula)}
            if entry is not None and self.name in names and made.id != self._bare:
                found.append(entry)
        return found[:MOST_READERS]

    def _pieces(self, text: str, known: Mapping[str, SeriesEntry]) -> Iterator[Piece]:
        """``text`` cut where it names a series of the run."""
        end = 0
        for found in _NAME.finditer(text):
            name = bare(found[0])
            entry = known.get(name)
            if entry is None:
                continue
            if found.start() > end:
                yield Piece(text[end : found.start()])
            yield self._piece(name, entry)
            end = found.end()
        if end < len(text):
            yield Piece(text[end:])

    ###########################################################################
    # Its numbers
    ###########################################################################
    @property
    def statistics(self) -> list[Statistic]:
        """What can be said of the defined bins, and how many there are."""
        finite = np.flatnonzero(np.isfinite(self._array))
        undefined = len(self._array) - len(finite)
        if not len(finite):
            return [Statistic(name="Undefined bins", value=undefined)]
        seen = self._array[finite]
        low, high = int(finite[seen.argmin()]), int(finite[seen.argmax()])
        total = [Statistic(name="Total", value=_finite(math.fsum(seen.tolist())))]
        return [
            *(total if self.entry.kind in ("flow", "edge") else []),
            Statistic(name="Mean", value=_finite(float(np.mean(seen / 2) * 2))),
            Statistic(name="Median", value=_finite(float(np.median(seen)))),
            Statistic(name="95th percentile", value=_finite(float(np.percentile(seen, 95)))),
            Statistic(name="Largest", value=float(self._array[high]), bin=high),
            Statistic(name="Least", value=float(self._array[low]), bin=low),
            Statistic(name="First", value=self.values[0], bin=0),
            Statistic(name="Last", value=self.values[-1], bin=len(self.values) - 1),
            Statistic(name="Undefined bins", value=undefined),
        ]

    @property
    def stretch(self) -> int:
        """How many bins one step of the chart is."""
        return stretch_of(self.run.bins)

    @cached_property
    def _course(self) -> list[float | None]:
        return largest_of_stretches(self.values, self.stretch)

    @cached_property
    def _scale(self) -> overlay.Scale:
        return overlay.Scale.of(self._course)

    @property
    def steps(self) -> int:
        return len(self._course)

    @property
    def line(self) -> str:
        return overlay.step_path(self._course, self._scale)

    @property
    def wash(self) -> str:
        """What lies between the line and zero."""
        ground = [None if value is None else 0.0 for value in self._course]
        return overlay.area_path(self._course, ground, self._scale)

    @property
    def amounts(self) -> list[tuple[str, str]]:
        return self._scale.marks()

    @property
    def zero(self) -> str:
        return self._scale.zero()

    @property
    def moments(self) -> list[tuple[str, str, str]]:
        return overlay.marks_of_time(self.run)

    @property
    def at(self) -> int:
        """The step of the largest value, where the page opens."""
        defined = [(value, -step) for step, value in enumerate(self._course) if value is not None]
        return -max(defined)[1] if defined else 0

    @property
    def opening(self) -> tuple[str, float | None]:
        """When that step begins, and its value."""
        return clock_of(self.run, self.opening_bin), self._course[self.at]

    @property
    def opening_bin(self) -> int:
        return self.at * self.stretch

    @property
    def sentence(self) -> str:
        """What the chart shows, for whoever cannot see it."""
        when, value = self.opening
        if value is None:
            return f"{self.name} over the run: undefined throughout"
        return f"{self.name} over the run: largest {wording.say_number(value)} {self.entry.unit}, {when}"

    @property
    def data(self) -> Mapping[str, Any]:
        """What the script moves through."""
        return {
            "bins": self.run.bins,
            "stretch": self.stretch,
            "tracks": [[self._course]],
            "begins": [clock_of(self.run, i) for i in range(0, self.run.bins, self.stretch)],
        }

    @property
    def rows(self) -> list[ValueRow]:
        return [
            ValueRow(index=index, begins=begins, value=self.values[index])
            for index, begins in rows_from(self.run, self.first_row)
        ]

    @property
    def next_row(self) -> int | None:
        following = self.first_row + ROWS_A_PAGE
        return following if following < self.run.bins else None

    @property
    def previous_row(self) -> int | None:
        return max(self.first_row - ROWS_A_PAGE, 0) if self.first_row else None


def open_series(run: Run, series_id: str, query: Mapping[str, str]) -> SeriesPage:
    """The page of one series. Raises SeriesNotFound or RunUnreadable."""
    with readable(run) as bundle:
        return SeriesPage(run, bundle, series_id, query)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
