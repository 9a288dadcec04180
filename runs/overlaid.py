"""Courses of both runs over one another on one time scale: which are shown, drawn, and bin by bin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runs import overlay, wording
from runs.arrays import plain, read_array
from runs.bins import clock_of, rows_from, stretch_of
from runs.charts import page_number
from runs.drawing import largest_of_stretches
from runs.layout import layout_of
from runs.node_panel import ROWS_A_PAGE

if TYPE_CHECKING:
    from flowtime.bundles import SeriesEntry
    from runs.compare import Match, Pair
    from runs.models import Run
    from runs.overlay import Scale

TRACKS = 8
DIFFERENCES = "differences"
ROLES = {
    "queueDepth": "Queue depth",
    "served": "Served",
    "arrivals": "Arrivals",
    "errors": "Errors",
}
"""What can be laid over one another for all nodes at once, in the order of the choice."""


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
        return wording.say_change(self.a, self.b)


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


def lay_over(pair: Pair, run: Run, query: Mapping[str, str]) -> Overlaid:
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
