"""Two runs side by side: what was asked of them, and every series that both have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runs.arrays import read_array
from runs.differences import SAME, Difference, measure
from runs.reading import readable

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, RunRecord, SeriesEntry
    from runs.models import Run


@dataclass(frozen=True, slots=True)
class Match:
    """A series that both runs have, as the first of them describes it, and how far the two are apart."""

    entry: SeriesEntry
    difference: Difference


class Pair:
    """Two open bundles. Series are matched by id; only those whose files differ are parsed."""

    def __init__(self, ours: RunBundle, theirs: RunBundle) -> None:
        self.ours = ours
        self.theirs = theirs
        self.mine = {entry.series_id: entry for entry in ours.index}
        self.other = {entry.series_id: entry for entry in theirs.index}

    @property
    def is_comparable(self) -> bool:
        """Whether a bin of one is a bin of the other: the grids are the same."""
        return self.ours.manifest.grid == self.theirs.manifest.grid

    @property
    def common(self) -> list[str]:
        """The ids of the series that both have, in the order of the first run."""
        return [series_id for series_id in self.mine if series_id in self.other]

    @property
    def only_in_a(self) -> list[str]:
        return sorted(self.mine.keys() - self.other.keys())

    @property
    def only_in_b(self) -> list[str]:
        return sorted(self.other.keys() - self.mine.keys())

    @cached_property
    def matches(self) -> list[Match]:
        """Every series of both, the largest difference first; none where the bins do not correspond."""
        if not self.is_comparable:
            return []
        found = [Match(self.mine[series_id], self._measure(series_id)) for series_id in self.common]
        return sorted(found, key=_largest_first)

    @property
    def different(self) -> list[Match]:
        """Those that differ, the largest difference first."""
        return [match for match in self.matches if not match.difference.is_identical]

    @property
    def first_different_bin(self) -> int | None:
        firsts = (match.difference.first for match in self.different)
        return min((first for first in firsts if first is not None), default=None)

    @property
    def is_identical(self) -> bool:
        """Whether both have the same series, equal in every bin."""
        return self.is_comparable and not (self.different or self.only_in_a or self.only_in_b)

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Every parameter of either, those that differ first; one that a run does not have is null there."""
        return _compare_parameters(self.ours.record.parameters, self.theirs.record.parameters)

    def _measure(self, series_id: str) -> Difference:
        if self.ours.series_digest(series_id) == self.theirs.series_digest(series_id):
            return SAME
        return measure(read_array(self.ours, series_id), read_array(self.theirs, series_id))


@contextmanager
def open_pair(a: Run, b: Run) -> Iterator[Pair]:
    """Both bundles for reading. Raises RunUnreadable where either cannot be read."""
    with readable(a) as ours, readable(b) as theirs:
        yield Pair(ours, theirs)


def compare_runs(a: Run, b: Run) -> dict[str, Any]:
    """Parameters and series of two runs, what differs first. Raises RunUnreadable where either cannot be read."""
    with open_pair(a, b) as pair:
        return {
            "a": _facts(pair.ours.record),
            "b": _facts(pair.theirs.record),
            "isComparable": pair.is_comparable,
            "isIdentical": pair.is_identical,
            "parameters": pair.parameters,
            "series": _series(pair),
        }


def _facts(record: RunRecord) -> dict[str, Any]:
    return {
        "runId": record.run_id,
        "templateId": record.template_id,
        "templateVersion": record.template_version,
        "mode": record.mode,
        "rng": record.rng.model_dump(mode="json", by_alias=True),
        "grid": record.grid.model_dump(mode="json", by_alias=True),
        "window": record.window.model_dump(mode="json", by_alias=True),
        "inputHash": record.input_hash,
        "resultHash": record.result_hash,
    }


def _compare_parameters(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [
        {
            "name": name,
            "a": a.get(name),
            "b": b.get(name),
            "isDifferent": name not in a or name not in b or a[name] != b[name],
        }
        for name in sorted({*a, *b})
    ]
    return sorted(rows, key=lambda row: not row["isDifferent"])


def _series(pair: Pair) -> dict[str, Any]:
    largest = (match.difference.max_abs for match in pair.matches)
    return {
        "matched": len(pair.common),
        "identical": len(pair.matches) - len(pair.different),
        "different": len(pair.different),
        "onlyInA": pair.only_in_a,
        "onlyInB": pair.only_in_b,
        "maxAbsDiff": max((value for value in largest if value is not None), default=None),
        "firstDifferentBin": pair.first_different_bin,
        "items": [_row(match.entry, match.difference) for match in pair.matches],
    }


def _largest_first(match: Match) -> tuple[bool, float, int, str]:
    found = match.difference
    return found.is_identical, -(found.max_abs or 0.0), found.first or 0, match.entry.series_id


def _row(entry: SeriesEntry, found: Difference) -> dict[str, Any]:
    return {
        "seriesId": entry.series_id,
        "nodeId": entry.node_id,
        "kind": entry.kind,
        "unit": entry.unit,
        "class": entry.class_id,
        "isIdentical": found.is_identical,
        "maxAbsDiff": found.max_abs,
        "maxAbsDiffBin": found.max_bin,
        "meanAbsDiff": found.mean_abs,
        "firstDifferentBin": found.first,
        "differentBins": found.count,
    }
