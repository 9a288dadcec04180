"""The topology of a model as plain data, for drawing (engine §23.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..edges.volumes import PreparedEdges
from ..expansion.expanded import Expanded
from ..expansion.places import Place
from ..model.topology import Edge


def draw_graph(
    expanded: Expanded, places: Mapping[str, Place], edges: PreparedEdges
) -> dict[str, Any]:
    """Nodes, edges and constraints in document order, with roles by bare series id."""
    topology = expanded.model.topology
    return {
        "nodes": [_node(places[node.id]) for node in topology.nodes],
        "edges": [_edge(edge, edges.metrics[edge.id]) for edge in topology.edges],
        "constraints": [
            {
                "id": constraint.id,
                "capacity": _named(expanded.constraints[constraint.id].capacity),
                "members": list(expanded.constraints[constraint.id].members),
            }
            for constraint in topology.constraints
        ],
    }


def _named(key: str) -> str | None:
    """A key as results may show it: what the engine made for itself has no name."""
    return None if key.startswith("__") else key


def _node(place: Place) -> dict[str, Any]:
    node = place.node
    return {
        "id": node.id,
        "kind": node.kind,
        "nodeRole": node.node_role,
        "label": node.label,
        "group": node.group,
        "roles": dict(place.roles),
        "aliases": dict(node.aliases),
        "slaMin": node.sla_min,
        "maxAttempts": node.max_attempts,
        "constraints": list(node.constraints),
        "hasSchedule": place.gate is not None,
        "ui": dict(node.ui),
    }


def _edge(edge: Edge, metrics: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": edge.id,
        "from": edge.source,
        "to": edge.target,
        "fromPort": edge.source_port,
        "toPort": edge.target_port,
        "type": edge.type,
        "measure": edge.measure,
        "weight": edge.weight,
        "multiplier": edge.multiplier,
        "lag": edge.lag,
        "series": dict(metrics),
    }
