"""What the compare page shows of two runs: the verdict in words, what changed as a whole, and series by series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from runs import wording
from runs.arrays import plain, read_array
from runs.bins import begins
from runs.charts import page_number
from runs.compare import open_pair
from runs.compared_facts import compare_figures, compare_parameters, titles_of
from runs.overlaid import lay_over

if TYPE_CHECKING:
    from runs.compare import Match, Pair
    from runs.models import Run

LINES_A_PAGE = 24


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
        self.parameters = compare_parameters(pair, {**titles_of(b), **titles_of(a)})
        self.figures = compare_figures(pair)
        self.overlaid = lay_over(pair, a, query) if pair.matches else None
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
