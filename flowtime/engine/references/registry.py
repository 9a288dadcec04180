"""Who defines which name: series, places, constraints, classes; faulty and pending entries included (engine §20).

A reference to an entry that is itself faulty is not reported again, so this registry knows the names of faulty
entries, and which names cannot be decided before a parameter has its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ..documents.unknown import UNKNOWN
from ..expansion.naming import snake, synthesised_names
from ..model.grid import Grid
from ..model.model import Model, Rng
from ..model.nodes import BufferNode, RouterNode, SeriesRef
from ..model.roles import RETRY_ROLES
from ..model.topology import Topology, TopologyNode
from ..problems import Path, quoted
from ..reading.mappings import Entry
from ..reading.outline import Item, Outline

_NAMING_ROLES = ("queueDepth", "served", *RETRY_ROLES)


@dataclass(frozen=True, slots=True)
class Target:
    """One mention of a router target."""

    name: str
    router: Item[Any]
    path: Path


@dataclass(slots=True)
class Registry:
    """Every name of a document. ``open_prefixes`` begin names that a faulty entry may turn out to define."""

    nodes: dict[str, Item[Any]] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    places: dict[str, Item[TopologyNode]] = field(default_factory=dict)
    constraints: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    synthesised: Mapping[str, str] = field(default_factory=dict)
    series: frozenset[str] = frozenset()
    open_prefixes: tuple[str, ...] = ()
    are_series_open: bool = False
    are_places_open: bool = False
    are_constraints_open: bool = False
    are_classes_open: bool = False

    def may_be_series(self, name: str) -> bool:
        """Whether something defines ``name``, or may define it once a faulty entry is mended."""
        return (
            self.are_series_open
            or name in self.series
            or (bool(self.open_prefixes) and name.startswith(self.open_prefixes))
        )

    def is_authored(self, name: str) -> bool:
        """Whether a computation node or a router target defines ``name``."""
        return name in self.series and name not in self.synthesised

    def is_claimed(self, place: Item[TopologyNode], role: str) -> bool:
        """Whether the role names a new id that the engine defines for this place."""
        roles = place.value.roles
        operand = UNKNOWN if roles is UNKNOWN else roles.get(role)
        return (
            isinstance(operand, SeriesRef)
            and operand.class_id is None
            and self.synthesised.get(operand.id) == place.id
        )

    def check_place(self, entry: Entry, key: str, name: Any) -> None:
        """Note that ``name``, read from ``key``, is no topology node."""
        if name is UNKNOWN or self.are_places_open or name in self.places:
            return
        message = f"unknown topology node {quoted(name)}"
        entry.fault("unknown_topology_node", key, message, word=name, known=self.places.keys())

    def buffer_of(self, place: Item[TopologyNode]) -> Item[BufferNode] | None:
        """The computation queue that the place binds as its depth."""
        roles = place.value.roles
        depth = UNKNOWN if roles is UNKNOWN else roles.get("queueDepth")
        if not isinstance(depth, SeriesRef) or depth.class_id is not None:
            return None
        found = self.nodes.get(depth.id)
        return found if found is not None and isinstance(found.value, BufferNode) else None


def read_registry(outline: Outline) -> Registry:
    """All names of the document."""
    registry = Registry()
    for node in outline.nodes:
        if isinstance(node.id, str):
            registry.nodes.setdefault(node.id, node)
        registry.targets += _targets(node)
    for place in outline.places:
        if isinstance(place.id, str):
            registry.places.setdefault(place.id, place)
    registry.are_places_open = any(item.id is UNKNOWN for item in outline.places)
    registry.constraints = _texts(outline.constraints)
    registry.are_constraints_open = any(item.id is UNKNOWN for item in outline.constraints)
    registry.classes = _texts(outline.classes)
    registry.are_classes_open = any(item.id is UNKNOWN for item in outline.classes)
    registry.synthesised = synthesised_names(_skeleton(outline))
    targets = {target.name for target in registry.targets}
    registry.series = frozenset((*registry.nodes, *targets, *registry.synthesised))
    registry.open_prefixes = tuple(_open_prefixes(outline))
    registry.are_series_open = _is_open(outline)
    return registry


def _texts(items: list[Item[Any]]) -> frozenset[str]:
    return frozenset(item.id for item in items if isinstance(item.id, str))


def _targets(node: Item[Any]) -> Iterator[Target]:
    for row in node.rows.get("routes", ()):
        name = row.values.get("target")
        if isinstance(name, str):
            yield Target(name, node, row.where("target"))
    if node.value is None:
        yield from _raw_targets(node)


def _raw_targets(node: Item[Any]) -> Iterator[Target]:
    """Targets of a node whose kind is faulty: it may have been meant as a router."""
    routes = node.entry.values.get("routes")
    for i, row in enumerate(routes if isinstance(routes, list | tuple) else ()):
        name = row.get("target") if isinstance(row, Mapping) else None
        if isinstance(name, str):
            yield Target(name, node, (*node.entry.where("routes"), i, "target"))


def _skeleton(outline: Outline) -> Model:
    """A model for naming only: what is not known is left out."""
    nodes = [_known_node(node) for node in outline.nodes if isinstance(node.id, str)]
    places = [_known_place(item) for item in outline.places if isinstance(item.id, str)]
    constraints = [
        replace(item.value, id=item.id) for item in outline.constraints if isinstance(item.id, str)
    ]
    empty: Mapping[str, Any] = MappingProxyType({})
    return Model(
        template_id="",
        template_version="",
        template_hash="",
        metadata=empty,
        grid=Grid(bins=1, bin_size=1, bin_unit="hours"),
        window=empty,
        mode="simulation",
        rng=Rng(),
        nodes=tuple(node for node in nodes if node is not None),
        topology=Topology(nodes=tuple(places), constraints=tuple(constraints)),
        classes=(),
        traffic=(),
        outputs=(),
        parameters=empty,
        parameters_hash="",
        model_hash="",
        document=empty,
    )


def _known_node(item: Item[Any]) -> Any:
    node = item.value
    if node is None:
        return None
    changes: dict[str, Any] = {"id": item.id}
    if isinstance(node, RouterNode):
        routes = () if node.routes is UNKNOWN else node.routes
        changes["routes"] = tuple(route for route in routes if route.target is not UNKNOWN)
    if isinstance(node, BufferNode):
        changes |= _known_queue(node)
    return replace(node, **changes)


def _known_place(item: Item[TopologyNode]) -> TopologyNode:
    place = item.value
    roles = {} if place.roles is UNKNOWN else dict(place.roles)
    return replace(
        place,
        id=item.id,
        kind="service" if place.kind is UNKNOWN else place.kind,
        # A role that waits for its parameter is bound all the same: its kind decides what is synthesised.
        roles={
            role: 0.0 if operand is UNKNOWN else operand
            for role, operand in roles.items()
            if operand is not UNKNOWN or role not in _NAMING_ROLES
        },
        constraints=tuple(name for name in _listed(place.constraints) if name is not UNKNOWN),
        max_attempts=1 if place.max_attempts is UNKNOWN else place.max_attempts,
        **_known_queue(place),
    )


def _known_queue(owner: BufferNode | TopologyNode) -> dict[str, Any]:
    """A limit that is given but not known still makes its series exist."""
    return {
        "dispatch": owner.dispatch,
        "wip_limit": 0.0 if owner.wip_limit is UNKNOWN else owner.wip_limit,
        "wip_overflow": None if owner.wip_overflow is UNKNOWN else owner.wip_overflow,
    }


def _listed(value: Any) -> tuple[Any, ...]:
    return () if value is UNKNOWN else value


def _open_prefixes(outline: Outline) -> Iterator[str]:
    for item in outline.places:
        place = item.value
        facts = (place.kind, place.roles, place.dispatch, place.wip_limit, place.constraints)
        roles = () if place.roles is UNKNOWN else tuple(place.roles.values())
        if isinstance(item.id, str) and UNKNOWN in (*facts, *roles, *_listed(place.constraints)):
            yield f"{snake(item.id)}_"
    for node in outline.nodes:
        queue = node.value
        if isinstance(node.id, str) and (
            queue is None or (isinstance(queue, BufferNode) and UNKNOWN in (queue.dispatch,))
        ):
            yield f"{node.id}_"


def _is_open(outline: Outline) -> bool:
    """Whether some series' own name is still waiting for a parameter."""
    for node in outline.nodes:
        rows = node.rows.get("routes", ())
        if node.id is UNKNOWN or any(row.values.get("target") is UNKNOWN for row in rows):
            return True
        if node.entry.values.get("kind") is UNKNOWN or node.entry.values.get("routes") is UNKNOWN:
            return True
    holders = [item.inner.get("semantics") for item in outline.places]
    ids = [item.id for item in outline.places] + [item.id for item in outline.constraints]
    return UNKNOWN in ids or any(_is_naming(holder) for holder in holders if holder is not None)


def _is_naming(semantics: Entry) -> bool:
    return any(semantics.values.get(role) is UNKNOWN for role in _NAMING_ROLES)
