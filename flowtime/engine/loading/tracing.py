"""The part of a refused document whose dependencies can still be followed, so that cycles are reported too (engine §20)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

from ..documents.unknown import UNKNOWN
from ..errors import DocumentError
from ..evaluation.plan import compile_model
from ..graph.cycles import graph_problems
from ..limits import Limits
from ..model.grid import Grid
from ..model.model import Model, Rng
from ..model.nodes import ConstNode, Dispatch, PmfNode, Route, RouterNode
from ..model.topology import Topology
from ..problems import STAGES, Collector
from ..reading.outline import Outline

_HARMLESS: Final = frozenset(
    (
        *STAGES["parameters"],
        "unknown_key",
        "key_not_for_kind",
        "bad_version",
        "bad_timestamp",
        "bad_timezone",
        "unsupported_schema_version",
        "length_mismatch",
        "conflicting_start",
        "dependency_extra",
        "dependency_missing",
        "duplicate_edge_id",
        "pmf_invalid",
        "pmf_not_normalised",
        "profile_invalid",
        "unknown_profile",
        "traffic_without_classes",
    )
)
"""Problems that say nothing about which series reads which."""

_ROWS_PER_PLACE, _ROWS_PER_EDGE, _ROWS_PER_NODE = 60, 8, 4
"""More series than any place, edge or computation node has, synthesised and derived ones included."""

_NOT_FOLLOWED: Final = frozenset(("metadata", "ui", "aliases", "initial", "initial_depth"))


def note_cycles(model: Model, notes: Collector) -> None:
    """Note the cycles among the dependencies of ``model``."""
    for problem in graph_problems(model):
        notes.add_problem(problem)


def note_excess(model: Model, notes: Collector, limits: Limits) -> None:
    """Note that the model would have more cells than the limits allow.

    The exact count takes a compilation; it is made only where a generous estimate comes near.
    """
    topology = model.topology
    rows = (
        _ROWS_PER_PLACE * len(topology.nodes)
        + _ROWS_PER_EDGE * len(topology.edges)
        + _ROWS_PER_NODE * (len(model.nodes) + len(topology.constraints))
        + sum(len(node.routes) for node in model.nodes if isinstance(node, RouterNode))
        + sum(min(node.max_attempts or 0, model.grid.bins) for node in topology.nodes)
    )
    if model.grid.bins * rows * (1 + len(model.classes)) <= limits.max_cells:
        return
    try:
        compile_model(model, limits=limits)
    except DocumentError as error:
        for problem in error.problems:
            notes.add_problem(problem)


def note_traceable_cycles(outline: Outline, notes: Collector) -> None:
    """Note the cycles of a faulty document, where its faults do not hide its dependencies."""
    model = _traceable_model(outline, notes)
    if model is not None:
        note_cycles(model, notes)


def _traceable_model(outline: Outline, notes: Collector) -> Model | None:
    if not notes.codes <= _HARMLESS:
        return None
    grid = outline.grid if isinstance(outline.grid, Grid) else None
    if grid is None or grid.bins is UNKNOWN:
        return None
    nodes = tuple(_with_any_numbers(item.value) for item in outline.nodes)
    places = tuple(item.value for item in outline.places)
    constraints = tuple(item.value for item in outline.constraints)
    if any(_is_hidden(part) for part in (*nodes, *places, *constraints)):
        return None
    return Model(
        template_id="",
        template_version="",
        template_hash="",
        metadata={},
        grid=Grid(bins=grid.bins, bin_size=1, bin_unit="hours"),
        window={},
        mode="simulation" if outline.mode is UNKNOWN else outline.mode,
        rng=Rng(),
        nodes=nodes,
        topology=Topology(nodes=places, constraints=constraints),
        classes=(),
        traffic=(),
        outputs=(),
        parameters={},
        parameters_hash="",
        model_hash="",
        document={},
    )


def _with_any_numbers(node: Any) -> Any:
    """Numbers decide no dependency: faulty ones are replaced."""
    if isinstance(node, ConstNode) and node.values is UNKNOWN:
        return replace(node, values=0.0)
    if isinstance(node, PmfNode):
        return replace(node, values=(1.0,), probabilities=(1.0,), profile=None)
    return node


def _is_hidden(part: Any) -> bool:
    """Whether anything that a dependency follows from is not known."""
    if part is None or part is UNKNOWN:
        return True
    for place in fields(part):
        value = getattr(part, place.name)
        if place.name in _NOT_FOLLOWED:
            continue
        if value is UNKNOWN:
            return True
        if isinstance(value, Dispatch) and _is_hidden(value):
            return True
        if place.name == "roles" and UNKNOWN in value.values():
            return True
        if isinstance(value, tuple) and any(_is_unknown(item) for item in value):
            return True
    return False


def _is_unknown(item: Any) -> bool:
    return item is UNKNOWN or (isinstance(item, Route) and _is_hidden(item))
