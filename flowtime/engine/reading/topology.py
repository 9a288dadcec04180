"""Reading ``topology``: places with their roles, edges, constraints (engine §7, §12.8, §14.1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ..documents.unknown import UNKNOWN
from ..model.identifiers import is_edge_id
from ..model.nodes import Operand, SeriesRef
from ..model.roles import ALL_ROLES, KINDS, NUMERIC_ROLES, SERIES_ROLES, SETTINGS
from ..model.topology import Constraint, Edge, TopologyNode
from ..problems import quoted
from .mappings import Entry, Keys
from .nodes import id_text, read_id
from .outline import Item
from .pmf import tuple_of
from .queues import LOSS, QUEUE_KEYS, read_dispatch, read_wip

TOPOLOGY: Final = Keys("nodes", "edges", "constraints")
MEASURES: Final = ("served", "attempts", "load", "errors", "failures", "exhaustedFailures")
EDGE_TYPES: Final = ("throughput", "effort", "dependency", "terminal")
_NODE = Keys(
    "id",
    "kind",
    "nodeRole",
    "label",
    "group",
    "semantics",
    "initialCondition",
    *QUEUE_KEYS,
    "constraints",
    "ui",
    "metadata",
)
_SEMANTICS = Keys(*ALL_ROLES, *SETTINGS)
_ALIASES = Keys(*ALL_ROLES, *SETTINGS)
_INITIAL = Keys("queueDepth")
_UI = Keys("x", "y", is_open=True)
_EDGE = Keys(
    "id",
    "from",
    "to",
    "type",
    "measure",
    "weight",
    "multiplier",
    "lag",
    aliases={"source": "from", "target": "to"},
)
_CONSTRAINT = Keys("id", "semantics", "demand")
_SHARED = Keys("served", "arrivals", "errors", "latencyMinutes", aliases={"capacity": "served"})


def read_places(topology: Entry) -> list[Item[TopologyNode]]:
    """All topology nodes."""
    return [_place(entry) for entry in topology.entries("nodes", _NODE, limit="max_topology_nodes")]


def _place(entry: Entry) -> Item[TopologyNode]:
    inner: dict[str, Entry] = {}
    name = read_id(entry)
    kind = entry.choice("kind", KINDS, code="unknown_topology_kind", any_case=True)
    node_role = entry.text("nodeRole")
    if node_role == "sink" and kind in (None, "service"):
        kind = "sink"
    limit, overflow = read_wip(entry)
    if limit is not None and overflow is None:
        overflow = LOSS
    node = TopologyNode(
        id=name,
        kind="service" if kind is None else kind,
        node_role=node_role,
        label=entry.text("label"),
        group=entry.text("group"),
        initial_depth=_initial_depth(entry, inner),
        dispatch=read_dispatch(entry, inner),
        wip_limit=limit,
        wip_overflow=overflow,
        constraints=entry.texts("constraints"),
        ui=_ui(entry),
        metadata=entry.free("metadata"),
        **_semantics(entry, inner),
    )
    return Item(entry, id_text(entry), node, inner=inner)


def _initial_depth(entry: Entry, inner: dict[str, Entry]) -> Any:
    initial = entry.mapping("initialCondition", _INITIAL)
    if initial is None or initial is UNKNOWN:
        return initial
    inner["initialCondition"] = initial
    depth = initial.number("queueDepth", low=0)
    return 0.0 if depth is None else depth


def _ui(entry: Entry) -> Mapping[str, Any]:
    place = entry.mapping("ui", _UI)
    if isinstance(place, Entry):
        place.number("x")
        place.number("y")
        return entry.free("ui")
    return MappingProxyType({})


def _semantics(entry: Entry, inner: dict[str, Entry]) -> dict[str, Any]:
    semantics = entry.mapping("semantics", _SEMANTICS, required=True)
    if not isinstance(semantics, Entry):
        return {"roles": UNKNOWN}
    inner["semantics"] = semantics
    return {
        "roles": _roles(semantics),
        "retry_kernel": tuple_of(semantics.numbers("retryKernel"))
        if semantics.has("retryKernel")
        else None,
        "max_attempts": semantics.integer("maxAttempts", low=1),
        "sla_min": semantics.number("slaMin"),
        "exhausted_policy": semantics.text("exhaustedPolicy"),
        "backoff_strategy": semantics.text("backoffStrategy"),
        "aliases": _aliases(semantics),
    }


def _roles(semantics: Entry) -> Mapping[str, Operand]:
    roles: dict[str, Any] = {}
    for role in semantics.values:
        if role in NUMERIC_ROLES:
            low = 1.0 if role == "parallelism" else None
            operand = semantics.operand(role, low=low)
        elif role in SERIES_ROLES:
            operand = semantics.operand(role, may_be_number=False)
        else:
            continue
        if operand is None or (role == "queueDepth" and operand == SeriesRef("self")):
            continue
        roles[role] = operand
    return MappingProxyType(roles)


def _aliases(semantics: Entry) -> Mapping[str, str]:
    aliases = semantics.mapping("aliases", _ALIASES)
    if not isinstance(aliases, Entry):
        return MappingProxyType({})
    names = {role: aliases.text(role) for role in aliases.values}
    return MappingProxyType({role: name for role, name in names.items() if name is not None})


def read_edges(topology: Entry) -> list[Item[Edge]]:
    """All edges, with the defaults of engine §14.1."""
    return [_edge(entry) for entry in topology.entries("edges", _EDGE, limit="max_edges")]


def _edge(entry: Entry) -> Item[Edge]:
    start = entry.text("from", required=True)
    end = entry.text("to", required=True)
    source, source_port = _endpoint(start)
    target, target_port = _endpoint(end)
    name = entry.text("id", may_be_empty=False)
    if name is None:
        name = UNKNOWN if UNKNOWN in (start, end) else f"{start}->{end}"
    if name is not UNKNOWN and not is_edge_id(name):
        message = f"{quoted(name)} is not an edge id: 1 to 128 printable characters"
        name = entry.fault("bad_id", "id", message)
    measure = entry.choice("measure", MEASURES)
    if measure is None:
        measure = source_port if source_port in MEASURES else "served"
    weight = entry.number("weight", low=0)
    lag = entry.integer("lag", low=0)
    edge = Edge(
        id=name,
        source=source,
        target=target,
        source_port=source_port,
        target_port=target_port,
        type=entry.choice("type", EDGE_TYPES) or "throughput",
        measure=measure,
        weight=1.0 if weight is None else weight,
        multiplier=entry.number("multiplier"),
        lag=0 if lag is None else lag,
    )
    return Item(entry, name, edge)


def _endpoint(text: Any) -> tuple[Any, Any]:
    if text is UNKNOWN:
        return UNKNOWN, None
    node, colon, port = text.partition(":")
    return node.strip(), port.strip() if colon else None


def read_constraints(topology: Entry) -> list[Item[Constraint]]:
    """All constraints."""
    rows = topology.entries("constraints", _CONSTRAINT, limit="max_constraints")
    return [_constraint(entry) for entry in rows]


def _constraint(entry: Entry) -> Item[Constraint]:
    inner: dict[str, Entry] = {}
    name = read_id(entry)
    shared = entry.mapping("semantics", _SHARED, required=True)
    operands: dict[str, Any] = {"capacity": UNKNOWN}
    if isinstance(shared, Entry):
        inner["semantics"] = shared
        operands = {
            "capacity": shared.operand("served", required=True),
            "arrivals": shared.operand("arrivals"),
            "errors": shared.operand("errors"),
            "latency_minutes": shared.operand("latencyMinutes"),
        }
    demand: Any = entry.choice("demand", ("wanted", "arrivals")) or "wanted"
    return Item(entry, id_text(entry), Constraint(id=name, demand=demand, **operands), inner=inner)
