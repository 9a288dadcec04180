"""What the compare page shows of two runs: the verdict in words, parameters, figures, overlaid courses, series."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import COLOURS
from runs import overlay, wording
from runs.arrays import plain, read_array
from runs.bins import begins, clock_of, rows_from, stretch_of
from runs.charts import page_number
from runs.compare import open_pair
from runs.detail import declared_parameters, say_value
from runs.drawing import largest_of_stretches
from runs.layout import colours_of, layout_of
from runs.node_panel import ROWS_A_PAGE
from runs.state import read_arrays

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, SeriesEntry
    from runs.compare import Match, Pair
    from runs.models import Run
    from runs.overlay import Scale

TRACKS = 8
LINES_A_PAGE = 24
DIFFERENCES = "differences"
ROLES = {
    "queueDepth": "Queue depth",
    "served": "Served",
    "arrivals": "Arrivals",
    "errors": "Errors",
}
"""What can be laid over one another for all nodes at once, in the order of the choice."""


FIGURES: Mapping[str, tuple[str, Callable[[np.ndarray], np.floating]]] = {
    "served": ("served", np.nansum),
    "errors": ("errors", np.nansum),
    "queueDepth": ("largest queue", lambda values: np.fmax.reduce(values, initial=-np.inf)),
}
"""By role: the words of a node's figure, and how it follows from the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedParameter:
    """A parameter, or the seed, in both runs, in words."""

    name: str
    a: str
    b: str
    change: str
    is_different: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number about a whole run, in both."""

    name: str
    a: float | None
    b: float | None

    @property
    def change(self) -> str:
        return say_change(self.a, self.b)

    @property
    def share(self) -> float:
        """How far the two are apart, of the larger one; 1 where only one run has it."""
        if self.a is None or self.b is None:
            return float(self.a is not self.b)
        larger = max(abs(self.a), abs(self.b))
        return abs(self.b - self.a) / larger if larger else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One series of both runs, thinned to what can be drawn."""

    match: Match
    title: str
    ours: list[float | None]
    theirs: list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One series of both runs over one another."""

    series_id: str
    title: str
    subtitle: str
    ours: list[float | None]
    theirs: list[float | None]
    scale: Scale

    @property
    def ink(self) -> str:
        return overlay.step_path(self.ours, self.scale)

    @property
    def other(self) -> str:
        return overlay.step_path(self.theirs, self.scale)

    @property
    def between(self) -> str:
        return overlay.area_path(self.ours, self.theirs, self.scale)

    @property
    def amounts(self) -> list[tuple[str, str]]:
        return self.scale.marks()

    @property
    def zero(self) -> str:
        return self.scale.zero()

    @property
    def sentence(self) -> str:
        """What the drawing shows, for whoever cannot see it."""
        ours, theirs = (
            max((v for v in values if v is not None), default=None)
            for values in (self.ours, self.theirs)
        )
        return (
            f"{self.title}, {self.subtitle}, over the run: at most {wording.say_number(ours)} in A, "
            f"{wording.say_number(theirs)} in B"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedBin:
    """One bin of one series in both runs."""

    index: int
    begins: str
    a: float | None
    b: float | None

    @property
    def change(self) -> str:
        return say_change(self.a, self.b)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinTable:
    """The numbers behind one track."""

    rows: list[ComparedBin]
    next_row: int | None
    previous_row: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaid:
    """The tracks that were asked for on one time scale; ``at`` is the step that the page opens on."""

    choices: list[tuple[str, str]]
    chosen: str
    tracks: list[Track]
    left_out: int
    table: BinTable | None
    steps: int
    stretch: int
    at: int
    moments: list[tuple[str, str, str]]
    data: Mapping[str, Any]

    @property
    def readings(self) -> list[tuple[Track, float | None, float | None]]:
        """Each track with its two values in the step that the page opens on."""
        return [(track, track.ours[self.at], track.theirs[self.at]) for track in self.tracks]

    @property
    def opening_words(self) -> str:
        """When the step begins that the page opens on."""
        return str(self.data["begins"][self.at])

    @property
    def opening_bin(self) -> int:
        return self.at * self.stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLine:
    """One series of the list: how far apart, where most, where first, and the difference over the run."""

    match: Match
    apart: list[float | None]
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPage:
    """A page of the series list."""

    lines: list[SeriesLine]
    with_identical: bool
    next_page: int | None
    previous_page: int | None


class Comparison:
    """Two runs as the page shows them. Everything is read while the bundles are open: see ``compare``."""

    def __init__(self, a: Run, b: Run, pair: Pair, query: Mapping[str, str]) -> None:
        self.a, self.b = a, b
        self.is_same_run = a.pk == b.pk
        self.is_comparable = pair.is_comparable
        self.is_identical = pair.is_identical
        self.matched = len(pair.common)
        self.different = pair.different
        self.identical = len(pair.matches) - len(pair.different)
        self.first_bin = pair.first_different_bin
        self.only_in_a, self.only_in_b = pair.only_in_a, pair.only_in_b
        self.parameters = _parameters(pair, {**_titles(b), **_titles(a)})
        self.figures = _figures(pair)
        self.overlaid = _overlaid(pair, a, query) if pair.matches else None
        self.series = _series_page(pair, query)

    @property
    def verdict(self) -> str:
        """The first sentence: identical, or how many differ, or why nothing can be compared."""
        if not self.matched:
            return "These runs have no series in common."
        if not self.is_comparable:
            ours, theirs = (
                wording.say_grid(run.bins, run.bin_size, run.bin_unit) for run in (self.a, self.b)
            )
            return f"The grids differ: A has {ours}, B has {theirs}."
        if self.different:
            of = wording.say_count(self.matched, "series", "series")
            verb = "differs" if len(self.different) == 1 else "differ"
            return f"{wording.say_number(len(self.different))} of {of} {verb}."
        if self.is_identical:
            of = wording.say_count(self.matched, "series", "series")
            return (
                f"Identical: {of}, equal in every bin." if self.matched > 1 else f"Identical: {of}."
            )
        return f"The {wording.say_count(self.matched, 'series', 'series')} that both have are identical."

    @property
    def parameters_differ(self) -> int:
        return sum(parameter.is_different for parameter in self.parameters)

    @cached_property
    def first_series(self) -> list[Match]:
        """The series that differ in the first bin in which anything does."""
        return [match for match in self.different if match.difference.first == self.first_bin]

    @property
    def first_words(self) -> str:
        """``bin 6 (Thu 7 Feb, 06:00)``."""
        index = self.first_bin or 0
        if self.a.window_start is None:
            return f"bin {index}"
        return f"bin {index} ({begins(self.a, index)})"

    @property
    def more_first(self) -> int:
        """How many series beside the first differ as early."""
        return len(self.first_series) - 1

    @property
    def last_bin(self) -> int:
        return self.a.bins - 1

    @property
    def cautions(self) -> list[str]:
        """What one should know before believing the figures, a sentence each."""
        a, b = self.a, self.b
        said = []
        if self.is_same_run:
            said.append("A and B are the same run.")
        if a.template_id != b.template_id:
            different = f"The runs are of different templates, {a.template_id} and {b.template_id}"
            meaning = ": series of one name need not mean the same." if self.matched else "."
            said.append(different + meaning)
        elif a.template_version != b.template_version:
            said.append(
                f"The template's versions differ: {a.template_version} and {b.template_version}."
            )
        if self.matched and not self.is_comparable:
            said.append("A bin of one is not a bin of the other, so no series is compared.")
        if self.is_comparable and a.window_start != b.window_start:
            said.append(
                "The windows begin at different times: bins are compared by their number, and times are those of A."
            )
        return said


def compare(a: Run, b: Run, query: Mapping[str, str]) -> Comparison:
    """Both runs side by side, as far as ``query`` asks for. Raises RunUnreadable where either cannot be read."""
    with open_pair(a, b) as pair:
        return Comparison(a, b, pair, query)


def differences_csv(a: Run, b: Run) -> list[Sequence[object]]:
    """A row for each series that both have, the largest difference first, under a heading. Raises RunUnreadable."""
    heading = (
        "series_id",
        "node_id",
        "kind",
        "unit",
        "class",
        "identical",
        "max_abs_diff",
        "max_abs_diff_bin",
        "mean_abs_diff",
        "first_different_bin",
        "different_bins",
    )
    with open_pair(a, b) as pair:
        return [heading, *(_csv_row(match) for match in pair.matches)]


def _csv_row(match: Match) -> Sequence[object]:
    entry, found = match.entry, match.difference
    return (
        entry.series_id,
        entry.node_id,
        entry.kind,
        entry.unit,
        entry.class_id,
        "true" if found.is_identical else "false",
        found.max_abs,
        found.max_bin,
        found.mean_abs,
        found.first,
        found.count,
    )


def say_change(a: Any, b: Any) -> str:
    """``+392.8``, ``−12``, ``same``; a dash where there is nothing to subtract."""
    if a == b:
        return "same"
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (a, b)):
        return wording.UNDEFINED
    said = wording.say_difference(float(b - a))
    return f"+{said}" if b > a else said


###############################################################################
# Parameters and figures
###############################################################################
def _titles(run: Run) -> dict[str, str]:
    return {name: declared.title or name for name, declared in declared_parameters(run).items()}


def _parameters(pair: Pair, titles: Mapping[str, str]) -> list[ComparedParameter]:
    """Parameters, seed and mode, those that differ first."""
    a, b = pair.ours.record, pair.theirs.record
    more: list[tuple[str, Any, Any]] = [
        ("Seed", a.rng.seed, b.rng.seed),
        ("Mode", a.mode, b.mode),
    ]
    rows = [(row["name"], row["a"], row["b"], row["isDifferent"]) for row in pair.parameters]
    rows += [(name, ours, theirs, ours != theirs) for name, ours, theirs in more]
    shown = [
        ComparedParameter(
            name=titles.get(name, name),
            a=wording.UNDEFINED if ours is None else _say(ours),
            b=wording.UNDEFINED if theirs is None else _say(theirs),
            change=say_change(ours, theirs) if is_different else "same",
            is_different=is_different,
        )
        for name, ours, theirs, is_different in rows
    ]
    return sorted(shown, key=lambda parameter: not parameter.is_different)


def _say(value: Any) -> str:
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) else say_value(value)
    )


def _figures(pair: Pair) -> list[Figure]:
    """What is said of each run as a whole, then of its nodes, those that moved most before the others."""
    ours, theirs = (_figures_of(bundle) for bundle in (pair.ours, pair.theirs))
    of_nodes = [
        Figure(name=name, a=ours.get(name), b=theirs.get(name)) for name in {**ours, **theirs}
    ]
    of_nodes.sort(key=lambda figure: -figure.share)
    warnings = [len(bundle.record.warnings) for bundle in (pair.ours, pair.theirs)]
    return [Figure(name="Warnings", a=warnings[0], b=warnings[1]), *of_nodes]


def _figures_of(bundle: RunBundle) -> dict[str, float | None]:
    """By name, of every node: totals, the longest queue, and how often its promise was broken."""
    found: dict[str, float | None] = {}
    layout = layout_of(bundle)
    for place in layout.places:
        if place.kind == "dlq":
            # What lies there neither waits nor is served.
            continue
        observed = read_arrays(
            bundle, {role: e for role, e in place.observed.items() if role in FIGURES}
        )
        for role, (words, figure) in FIGURES.items():
            if role in observed:
                found[f"{place.label}, {words}"] = _number(figure(observed[role]))
        if place.promised is not None:
            colours = colours_of(place, read_arrays(bundle, place.derived), layout.bins)
            red = COLOURS.index("red")
            found[f"{place.label}, bins beyond the promise"] = int(np.count_nonzero(colours == red))
    return found


def _number(value: np.floating) -> float | None:
    return float(value) if np.isfinite(value) else None


###############################################################################
# Overlaid courses
###############################################################################
def _overlaid(pair: Pair, run: Run, query: Mapping[str, str]) -> Overlaid:
    choices, chosen = _choice(pair, query)
    titled = _chosen_series(pair, chosen)
    stretch = stretch_of(run.bins)
    courses = [_course(pair, match, title, stretch) for match, title in titled[:TRACKS]]
    # One role of several nodes has one scale, so that nodes can be compared as well as runs.
    common = overlay.Scale.of(*(values for c in courses for values in (c.ours, c.theirs)))
    tracks = [
        Track(
            series_id=course.match.entry.series_id,
            title=course.title,
            subtitle=course.match.entry.unit,
            ours=course.ours,
            theirs=course.theirs,
            scale=common if chosen in ROLES else overlay.Scale.of(course.ours, course.theirs),
        )
        for course in courses
    ]
    return Overlaid(
        choices=choices,
        chosen=chosen,
        tracks=tracks,
        left_out=max(len(titled) - TRACKS, 0),
        table=_bin_table(pair, run, titled[0][0], query) if len(titled) == 1 else None,
        steps=math.ceil(run.bins / stretch),
        stretch=stretch,
        at=_opening(courses, stretch),
        moments=overlay.marks_of_time(run),
        data={
            "bins": run.bins,
            "stretch": stretch,
            "tracks": [[track.ours, track.theirs] for track in tracks],
            "begins": [clock_of(run, index) for index in range(0, run.bins, stretch)],
        },
    )


def _course(pair: Pair, match: Match, title: str, stretch: int) -> Course:
    ours, theirs = (
        largest_of_stretches(plain(read_array(bundle, match.entry.series_id)), stretch)
        for bundle in (pair.ours, pair.theirs)
    )
    return Course(match=match, title=title, ours=ours, theirs=theirs)


def _choice(pair: Pair, query: Mapping[str, str]) -> tuple[list[tuple[str, str]], str]:
    """What can be shown, and what is: a series by id, a role, or the largest differences."""
    roles = [role for role in ROLES if _of_role(pair, role)]
    choices = [(role, ROLES[role]) for role in roles]
    if pair.different:
        choices.append((DIFFERENCES, "Largest differences"))
    asked = query.get("series") or query.get("show", "")
    if asked in pair.mine and asked in pair.other:
        return [(asked, pair.mine[asked].id or asked), *choices], asked
    if asked in dict(choices):
        return choices, asked
    moved = [
        role
        for role in roles
        if any(not m.difference.is_identical for m, _ in _of_role(pair, role))
    ]
    if moved:
        return choices, moved[0]
    return choices, DIFFERENCES if pair.different else roles[0] if roles else _first(pair)


def _first(pair: Pair) -> str:
    return pair.matches[0].entry.series_id


def _chosen_series(pair: Pair, chosen: str) -> list[tuple[Match, str]]:
    if chosen == DIFFERENCES:
        return [(match, _name(match.entry)) for match in pair.different]
    if chosen in ROLES:
        return _of_role(pair, chosen)
    return [(m, _name(m.entry)) for m in pair.matches if m.entry.series_id == chosen]


def _of_role(pair: Pair, role: str) -> list[tuple[Match, str]]:
    """The series of one role, node by node; where there are too many, those that differ most."""
    found = {match.entry.series_id: match for match in pair.matches}
    of_nodes = [
        (found[place.observed[role].series_id], place.label)
        for place in layout_of(pair.ours).places
        if place.kind != "dlq"
        and role in place.observed
        and place.observed[role].series_id in found
    ]
    if len(of_nodes) <= TRACKS:
        return of_nodes
    order = {match.entry.series_id: rank for rank, match in enumerate(pair.matches)}
    return sorted(of_nodes, key=lambda pair: order[pair[0].entry.series_id])


def _name(entry: SeriesEntry) -> str:
    return entry.id or entry.series_id


def _opening(courses: Sequence[Course], stretch: int) -> int:
    """The step in which the runs are farthest apart, or of an identical pair the highest."""
    sized = [c.match.difference for c in courses if c.match.difference.max_bin is not None]
    largest = max(sized, key=lambda found: found.max_abs or 0.0, default=None)
    if largest:
        return (largest.max_bin or 0) // stretch
    peaks = [(value, -step) for c in courses for step, value in enumerate(c.ours) if value]
    return -max(peaks)[1] if peaks else 0


def _bin_table(pair: Pair, run: Run, match: Match, query: Mapping[str, str]) -> BinTable:
    series_id = match.entry.series_id
    ours, theirs = (plain(read_array(bundle, series_id)) for bundle in (pair.ours, pair.theirs))
    first = min(page_number(query, key="row", least=0), run.bins - 1)
    following = first + ROWS_A_PAGE
    return BinTable(
        rows=[
            ComparedBin(index=index, begins=said, a=ours[index], b=theirs[index])
            for index, said in rows_from(run, first)
        ],
        next_row=following if following < run.bins else None,
        previous_row=max(first - ROWS_A_PAGE, 0) if first else None,
    )


###############################################################################
# The list of series
###############################################################################
def _series_page(pair: Pair, query: Mapping[str, str]) -> SeriesPage:
    with_identical = query.get("identical") == "1"
    listed = pair.matches if with_identical else pair.different
    number = page_number(query)
    first = (number - 1) * LINES_A_PAGE
    return SeriesPage(
        lines=[_line(pair, match) for match in listed[first : first + LINES_A_PAGE]],
        with_identical=with_identical,
        next_page=number + 1 if first + LINES_A_PAGE < len(listed) else None,
        previous_page=number - 1 if number > 1 else None,
    )


def _line(pair: Pair, match: Match) -> SeriesLine:
    ours, theirs = match.entry, pair.other[match.entry.series_id]
    remark = ""
    if (ours.unit, ours.kind) != (theirs.unit, theirs.kind):
        remark = f"{ours.unit} ({ours.kind}) in A, {theirs.unit} ({theirs.kind}) in B"
    return SeriesLine(match=match, apart=_apart(pair, match), remark=remark)


def _apart(pair: Pair, match: Match) -> list[float | None]:
    """How far apart in each bin; nothing to draw for what is identical."""
    if match.difference.is_identical:
        return []
    ours, theirs = (
        read_array(bundle, match.entry.series_id) for bundle in (pair.ours, pair.theirs)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        return plain(np.abs(theirs - ours))
