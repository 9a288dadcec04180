"""Two runs side by side: what was asked of them, and every series that both have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runs.arrays import read_array
from runs.differences import SAME, Difference, measure
from runs.reading import readable

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle, RunRecord, SeriesEntry
    from runs.models import Run


def compare_runs(a: Run, b: Run) -> dict[str, Any]:
    """Parameters and series of two runs, what differs first. Raises RunUnreadable where either cannot be read.

    Series are matched by id. Only those whose files differ are parsed; runs on different grids have none in common.
    """
    with readable(a) as ours, readable(b) as theirs:
        is_comparable = ours.manifest.grid == theirs.manifest.grid
        series = _compare_series(ours, theirs, is_comparable=is_comparable)
        return {
            "a": _facts(ours.record),
            "b": _facts(theirs.record),
            "isComparable": is_comparable,
            "isIdentical": is_comparable
            and not series["different"]
            and not series["onlyInA"]
            and not series["onlyInB"],
            "parameters": _compare_parameters(ours.record.parameters, theirs.record.parameters),
            "series": series,
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
    """Every parameter of either, those that differ first; one that a run does not have is null there."""
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


def _compare_series(ours: RunBundle, theirs: RunBundle, *, is_comparable: bool) -> dict[str, Any]:
    mine = {entry.series_id: entry for entry in ours.index}
    other = {entry.series_id for entry in theirs.index}
    matched = [entry for series_id, entry in mine.items() if series_id in other]
    measured = [
        (entry, _measure(ours, theirs, entry.series_id)) for entry in matched if is_comparable
    ]
    measured.sort(key=_different_first)
    different = [found for _, found in measured if not found.is_identical]
    return {
        "matched": len(matched),
        "identical": len(measured) - len(different),
        "different": len(different),
        "onlyInA": sorted(mine.keys() - other),
        "onlyInB": sorted(other - mine.keys()),
        "maxAbsDiff": _largest(found.max_abs for _, found in measured),
        "firstDifferentBin": min((d.first for d in different if d.first is not None), default=None),
        "items": [_row(entry, found) for entry, found in measured],
    }


def _measure(ours: RunBundle, theirs: RunBundle, series_id: str) -> Difference:
    if ours.series_digest(series_id) == theirs.series_digest(series_id):
        return SAME
    return measure(read_array(ours, series_id), read_array(theirs, series_id))


def _different_first(pair: tuple[SeriesEntry, Difference]) -> tuple[bool, int, str]:
    entry, found = pair
    return found.is_identical, found.first or 0, entry.series_id


def _largest(differences: Iterable[float | None]) -> float | None:
    return max((d for d in differences if d is not None), default=None)


def _row(entry: SeriesEntry, found: Difference) -> dict[str, Any]:
    return {
        "seriesId": entry.series_id,
        "nodeId": entry.node_id,
        "kind": entry.kind,
        "unit": entry.unit,
        "class": entry.class_id,
        "isIdentical": found.is_identical,
        "maxAbsDiff": found.max_abs,
        "meanAbsDiff": found.mean_abs,
        "firstDifferentBin": found.first,
        "differentBins": found.count,
    }
