"""The canonical document of a model: written spelling, aliases resolved, defaults written out (engine §1.7, §2, §23.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..documents.frozen import thaw
from .grid import Grid
from .model import ClassDef, Model, Output, Rng, TrafficEntry
from .nodes import (
    BufferNode,
    ComputationNode,
    ConstNode,
    Dispatch,
    ExprNode,
    ExternalRef,
    PmfNode,
    Profile,
    RouterNode,
    SeriesRef,
)
from .timestamps import timestamp_text
from .topology import Constraint, Edge, Topology, TopologyNode

BINDING = "binding"
"""The key of ``provenance`` under which a bound document says what it was bound from."""


def operand_value(operand: Any) -> Any:
    """A reference or number as a document writes it."""
    if isinstance(operand, SeriesRef):
        return operand.id if operand.class_id is None else f"{operand.id}@{operand.class_id}"
    return operand.text if isinstance(operand, ExternalRef) else operand


def grid_value(grid: Grid) -> dict[str, Any]:
    return _given(
        bins=grid.bins,
        binSize=grid.bin_size,
        binUnit=grid.bin_unit,
        start=None if grid.start is None else timestamp_text(grid.start),
    )


def window_value(grid: Grid) -> dict[str, Any]:
    """Where the time axis begins; bins are in UTC."""
    return _given(start=None if grid.start is None else timestamp_text(grid.start), timezone="UTC")


def rng_value(rng: Rng) -> dict[str, Any]:
    return {"kind": rng.kind, "mode": rng.mode, "seed": rng.seed}


def node_value(node: ComputationNode) -> dict[str, Any]:
    common = _given(
        id=node.id,
        unit=node.unit,
        seriesKind=node.series_kind,
        hidden=node.hidden or None,
        metadata=thaw(node.metadata) or None,
    )
    if isinstance(node, ConstNode):
        values = node.values.tolist() if isinstance(node.values, np.ndarray) else node.values
        own = {"kind": "const", **_given(values=values, source=node.source)}
    elif isinstance(node, ExprNode):
        own = {"kind": "expr", "expr": node.text}
        own |= _given(initial=node.initial, source=node.source)
    elif isinstance(node, PmfNode):
        pmf = {"values": list(node.values), "probabilities": list(node.probabilities)}
        profile = None if node.profile is None else _profile(node.profile)
        own = {"kind": "pmf", "pmf": pmf, **_given(profile=profile, source=node.source)}
    elif isinstance(node, BufferNode):
        own = {"kind": "serviceWithBuffer", **_buffer(node)}
    else:
        own = {"kind": "router", **_router(node)}
    return common | own


def _profile(profile: Profile) -> dict[str, Any]:
    if profile.kind == "inline":
        return {"kind": "inline", "weights": list(profile.weights)}
    return {"kind": "builtin", "name": profile.name, "span": profile.span}


def _buffer(node: BufferNode) -> dict[str, Any]:
    return {
        "inflow": operand_value(node.inflow),
        "outflow": operand_value(node.outflow),
        **_given(loss=operand_value(node.loss), initial=node.initial),
        **_queue(node.dispatch, node.wip_limit, node.wip_overflow),
    }


def _queue(dispatch: Dispatch | None, limit: Any, overflow: str | None) -> dict[str, Any]:
    is_number = isinstance(limit, float)
    return _given(
        dispatchSchedule=None if dispatch is None else dispatch_value(dispatch),
        wipLimit=limit if is_number else None,
        wipLimitSeries=None if is_number else operand_value(limit),
        wipOverflow=overflow,
    )


def dispatch_value(dispatch: Dispatch) -> dict[str, Any]:
    return _given(
        periodBins=dispatch.period_bins,
        phaseOffset=dispatch.phase_offset,
        capacitySeries=operand_value(dispatch.capacity),
        kind=dispatch.kind,
    )


def _router(node: RouterNode) -> dict[str, Any]:
    routes = [
        _given(target=route.target, classes=list(route.classes) or None, weight=route.weight)
        for route in node.routes
    ]
    return {"inputs": {"queue": operand_value(node.input)}, "routes": routes}


def place_value(node: TopologyNode) -> dict[str, Any]:
    semantics = {role: operand_value(operand) for role, operand in node.roles.items()}
    semantics |= _given(
        retryKernel=None if node.retry_kernel is None else list(node.retry_kernel),
        maxAttempts=node.max_attempts,
        slaMin=node.sla_min,
        exhaustedPolicy=node.exhausted_policy,
        backoffStrategy=node.backoff_strategy,
        aliases=dict(node.aliases) or None,
    )
    initial = None if node.initial_depth is None else {"queueDepth": node.initial_depth}
    return {
        "id": node.id,
        "kind": node.kind,
        **_given(nodeRole=node.node_role, label=node.label, group=node.group),
        "semantics": semantics,
        **_given(initialCondition=initial, constraints=list(node.constraints) or None),
        **_queue(node.dispatch, node.wip_limit, node.wip_overflow),
        **_given(ui=thaw(node.ui) or None, metadata=thaw(node.metadata) or None),
    }


def edge_value(edge: Edge) -> dict[str, Any]:
    return {
        "id": edge.id,
        "from": _endpoint(edge.source, edge.source_port),
        "to": _endpoint(edge.target, edge.target_port),
        "type": edge.type,
        "measure": edge.measure,
        "weight": edge.weight,
        **_given(multiplier=edge.multiplier),
        "lag": edge.lag,
    }


def _endpoint(node: str, port: str | None) -> str:
    return node if port is None else f"{node}:{port}"


def constraint_value(constraint: Constraint) -> dict[str, Any]:
    semantics = {
        "served": operand_value(constraint.capacity),
        **_given(
            arrivals=operand_value(constraint.arrivals),
            errors=operand_value(constraint.errors),
            latencyMinutes=operand_value(constraint.latency_minutes),
        ),
    }
    return {"id": constraint.id, "semantics": semantics, "demand": constraint.demand}


def topology_value(topology: Topology) -> dict[str, Any]:
    return {
        "nodes": [place_value(node) for node in topology.nodes],
        "edges": [edge_value(edge) for edge in topology.edges],
        "constraints": [constraint_value(constraint) for constraint in topology.constraints],
    }


def class_value(definition: ClassDef) -> dict[str, Any]:
    return {
        "id": definition.id,
        **_given(displayName=definition.display_name, description=definition.description),
    }


def arrival_value(entry: TrafficEntry) -> dict[str, Any]:
    pattern = {"kind": "constant", "ratePerBin": entry.rate}
    return {"nodeId": entry.node_id, "classId": entry.class_id, "pattern": pattern}


def output_value(output: Output) -> dict[str, Any]:
    return {
        "series": output.series,
        **_given(
            exclude=list(output.exclude) or None,
            **{"as": output.as_name, "description": output.description},
        ),
    }


def model_document(
    model: Model, generator: str | None, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """What ``Model.to_document`` returns: a template without parameters that binds to the same model."""
    binding = {"parameters": thaw(model.parameters), "templateHash": model.template_hash}
    topology = model.topology
    has_topology = topology.nodes or topology.edges or topology.constraints
    arrivals = [arrival_value(entry) for entry in model.traffic]
    return {
        "schemaVersion": 1,
        "metadata": thaw(model.metadata),
        "grid": grid_value(model.grid),
        "window": thaw(model.window),
        "mode": model.mode,
        "rng": rng_value(model.rng),
        **_given(
            classes=[class_value(definition) for definition in model.classes] or None,
            traffic={"arrivals": arrivals} if arrivals else None,
            nodes=[node_value(node) for node in model.nodes] or None,
            topology=topology_value(topology) if has_topology else None,
            outputs=[output_value(output) for output in model.outputs] or None,
            generator=generator,
        ),
        "provenance": {**thaw(provenance), BINDING: binding},
    }


def binding_of(provenance: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Template hash and parameters that a bound document carries; None where it carries none."""
    binding = provenance.get(BINDING)
    if not isinstance(binding, Mapping):
        return None
    digest, parameters = binding.get("templateHash"), binding.get("parameters")
    if not isinstance(digest, str) or not digest.startswith("sha256:"):
        return None
    return (digest, parameters) if isinstance(parameters, Mapping) else None


def escaped(value: Any) -> Any:
    """The document with every literal ``${`` written so that it is not taken for a placeholder (engine §6.3)."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
