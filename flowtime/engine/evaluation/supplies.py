"""What a run is given from outside: source arrays and overrides, checked all at once (engine §8.2, §11.5, §20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import Problem, SourceError
from ..expansion.expanded import Expanded
from ..expansion.naming import name_series
from ..expansion.series_ids import bare
from ..graph.class_rules import GIVEN
from ..model.nodes import BufferNode
from ..problems import nearest, path_text, quoted
from ..program.program import Supply

Path = tuple[str | int, ...]


def check_supplies(
    expanded: Expanded,
    supplies: tuple[Supply, ...],
    sources: Mapping[str, Any],
    overrides: Mapping[str, Any],
) -> dict[str, np.ndarray]:
    """The arrays of all supplied rows by key, each of shape (bins,); SourceError with everything that does not fit."""
    problems: list[Problem] = []
    found = _check_sources(expanded, supplies, sources, problems)
    found |= _check_overrides(expanded, supplies, overrides, problems)
    if problems:
        raise SourceError(tuple(problems))
    return found


def _check_sources(
    expanded: Expanded,
    supplies: tuple[Supply, ...],
    sources: Mapping[str, Any],
    problems: list[Problem],
) -> dict[str, np.ndarray]:
    """One array for each text, in document order of the first series that names it."""
    wanted = [supply for supply in supplies if supply.given.source is not None]
    if not wanted:
        return {}
    bins = expanded.model.grid.bins
    places = _source_places(expanded)
    ranks = {key: rank for rank, key in enumerate(places)}
    read: dict[str, np.ndarray | None] = {}
    found: dict[str, np.ndarray] = {}
    for supply in sorted(wanted, key=lambda entry: ranks.get(entry.key, len(ranks))):
        text = supply.given.source or ""
        if text not in read:
            path, name = places.get(supply.key, ((), supply.key))
            read[text] = _convert(sources.get(text), bins, path, name, "source", problems)
        array = read[text]
        if array is not None:
            found[supply.key] = array
    return found


def _check_overrides(
    expanded: Expanded,
    supplies: tuple[Supply, ...],
    overrides: Mapping[str, Any],
    problems: list[Problem],
) -> dict[str, np.ndarray]:
    bins = expanded.model.grid.bins
    found = {}
    for supply in supplies:
        if supply.given.is_overridden:
            name = supply.key.removeprefix(GIVEN)
            given, path = overrides.get(name), ("overrides", name)
            array = _convert(given, bins, path, name, "override", problems)
            if array is not None:
                found[supply.key] = array
    problems += _unknown(expanded, overrides)
    return found


def can_override(expanded: Expanded, name: object) -> bool:
    """Whether ``name`` is a series, or the part of one for a declared class."""
    if not isinstance(name, str):
        return False
    series, at, class_id = name.partition("@")
    if series not in expanded.series or expanded.series[series].is_temporary:
        return False
    return not at or any(entry.id == class_id for entry in expanded.model.classes)


def _unknown(expanded: Expanded, overrides: Mapping[str, Any]) -> Iterator[Problem]:
    for name in overrides:
        if name in expanded.overrides and can_override(expanded, name):
            continue
        suggestion = None
        if can_override(expanded, name):
            message = f"the plan was not compiled for an override of {quoted(name)}"
        else:
            message = f"no series is called {quoted(name)}"
            suggestion = nearest(bare(str(name)), expanded.series)
            message += f"; did you mean {quoted(suggestion)}?" if suggestion else ""
        path = path_text(("overrides", str(name)))
        yield Problem("unknown_override", message, path, suggestion=suggestion)


def _convert(
    given: Any, bins: int, path: Path, name: str, what: str, problems: list[Problem]
) -> np.ndarray | None:
    """``given`` as float64 of shape (bins,); None, and a problem, where it does not fit."""
    place = path_text(path)
    subject = f"the {what} of {quoted(name)}"
    if given is None:
        problems.append(Problem("source_missing", f"{subject} is not supplied", place))
        return None
    try:
        array = _as_floats(given)
    except (TypeError, ValueError, OverflowError):
        message = f"{subject} must be {bins} numbers, one for each bin"
        problems.append(Problem("source_shape", message, place))
        return None
    if what == "override" and array.ndim == 0:
        array = np.full(bins, float(array))
    if array.shape != (bins,):
        shape = " x ".join(str(size) for size in array.shape) or "1 number without bins"
        message = f"{subject} must have {bins} values, one for each bin, not {shape}"
        problems.append(Problem("source_shape", message, place))
        return None
    if np.isinf(array).any():
        first = int(np.isinf(array).argmax())
        message = f"{subject} is infinite in bin {first}; a missing value is NaN"
        problems.append(Problem("source_not_finite", message, place))
        return None
    return array


def _as_floats(given: Any) -> np.ndarray:
    """``given`` as a float64 array of its own; what a mask hides is missing. TypeError where parts would be lost."""
    if np.iscomplexobj(given):
        raise TypeError("complex numbers are no amounts")
    if isinstance(given, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(given), np.nan, given.data).astype(np.float64)
    return np.array(given, dtype=np.float64)


def _source_places(expanded: Expanded) -> dict[str, tuple[Path, str]]:
    """Where the document names the source of each series, and whom it belongs to, in document order."""
    model, names = expanded.model, name_series(expanded.model)
    found: dict[str, tuple[Path, str]] = {}
    for position, node in enumerate(model.nodes):
        path: Path = ("nodes", position)
        found[node.id] = (*path, "source"), node.id
        if isinstance(node, BufferNode):
            found[f"__limit_{node.id}"] = (*path, "wipLimitSeries"), node.id
            found[f"__gate_{node.id}"] = (*path, "dispatchSchedule", "capacitySeries"), node.id
    for position, place in enumerate(model.topology.nodes):
        path = ("topology", "nodes", position)
        for role in place.roles:
            key = names.get(place.id, f"role:{role}")
            if key is not None:
                found[key] = (*path, "semantics", role), place.id
        queue = expanded.queues.get(place.id)
        if queue is not None and place.wip_limit is not None:
            found[queue.limit or ""] = (*path, "wipLimitSeries"), place.id
        found[f"__gate_{place.id}"] = (*path, "dispatchSchedule", "capacitySeries"), place.id
    for position, constraint in enumerate(model.topology.constraints):
        path = ("topology", "constraints", position, "semantics", "served")
        found[f"__capacity_{constraint.id}"] = path, constraint.id
    return found
