"""What the parts of a document say about each other (engine §20, stage "references")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..documents.unknown import UNKNOWN
from ..expansion.series_ids import edge_token
from ..expressions.parser import excerpt, references
from ..expressions.syntax import Ref
from ..model.nodes import BufferNode, ExprNode, RouterNode, SeriesRef
from ..model.topology import Constraint
from ..problems import Path, quoted
from ..reading.mappings import Entry, series_reference
from ..reading.outline import Item, Outline
from .namespaces import check_unique
from .places import check_places
from .registry import Registry, read_registry
from .routers import check_routers


def check_references(outline: Outline) -> None:
    """Note every reference that leads nowhere and every rule that two entries break together."""
    registry = read_registry(outline)
    checker = _Checker(outline, registry)
    checker.check_ids()
    checker.check_nodes()
    checker.check_topology()
    checker.check_traffic()
    check_routers(outline, registry)
    check_places(outline, registry)


class _Checker:
    """Follows every reference of one document."""

    def __init__(self, outline: Outline, registry: Registry) -> None:
        self.outline = outline
        self.registry = registry
        self.notes = outline.root.notes

    def check_ids(self) -> None:
        outline = self.outline
        for items, what in (
            (outline.places, "topology node"),
            (outline.constraints, "constraint"),
            (outline.classes, "class"),
        ):
            named = [(item.value.id, item.entry.where("id")) for item in items]
            check_unique(self.notes, named, what)
        nodes = [(_sound_id(item), item.entry.where("id")) for item in outline.nodes]
        check_unique(self.notes, nodes, "computation node")
        self._check_edge_ids()

    def _check_edge_ids(self) -> None:
        seen: dict[str, str] = {}
        for item in self.outline.edges:
            if item.id is UNKNOWN:
                continue
            token = edge_token(item.id).lower()
            first = seen.setdefault(token, item.id)
            if first is item.id:
                continue
            if first == item.id or edge_token(first) == edge_token(item.id):
                message = f"the edge id {quoted(item.id)} is taken, in its sanitised form too"
                item.entry.fault("duplicate_edge_id", "id", message)
            else:
                message = (
                    f"{quoted(item.id)} differs from the edge {quoted(first)} only by letter case"
                )
                item.entry.fault("id_case_clash", "id", message)

    def check_nodes(self) -> None:
        for item in self.outline.nodes:
            node = item.value
            if isinstance(node, ExprNode) and node.tree is not UNKNOWN:
                self._check_expression(item, node)
            elif isinstance(node, BufferNode):
                for name in ("inflow", "outflow", "loss"):
                    self.check_operand(getattr(node, name), item.entry, name)
                self.check_queue(item)
            elif isinstance(node, RouterNode) and "inputs" in item.inner:
                self.check_operand(node.input, item.inner["inputs"], "queue")

    def _check_expression(self, item: Item[Any], node: ExprNode) -> None:
        found = list(references(node.tree))
        seen: set[tuple[str, str | None]] = set()
        path = item.entry.where("expr")
        for ref in found:
            if (ref.id, ref.class_id) not in seen:
                seen.add((ref.id, ref.class_id))
                self._check_name(ref.id, path, ref, node.text)
                self._check_class(ref.class_id, path, ref, node.text)
        if node.initial not in (None, UNKNOWN) and item.id not in {ref.id for ref in found}:
            message = "'initial' is for an expression that reads its own past"
            item.entry.fault("key_not_for_kind", "initial", message)
        listed = item.dependencies
        if listed not in (None, UNKNOWN) and UNKNOWN not in listed:
            self._check_dependencies(item.entry, listed, {ref.id for ref in found})

    def _check_dependencies(self, entry: Entry, listed: Sequence[str], used: set[str]) -> None:
        names = [series_reference(text) for text in listed]
        ids = [name.id if isinstance(name, SeriesRef) else name.text for name in names]
        for i, name in enumerate(ids):
            if name not in used:
                path = (*entry.where("dependencies"), i)
                message = f"the expression does not read {quoted(name)}"
                self.notes.add("dependency_extra", path, message, word=name, known=sorted(used))
        for name in sorted(used.difference(ids)):
            message = f"the expression reads {quoted(name)}, which is not listed"
            entry.fault("dependency_missing", "dependencies", message)

    def check_operand(self, operand: Any, entry: Entry, name: str) -> None:
        """A reference of a role or a field."""
        if isinstance(operand, SeriesRef):
            self._check_name(operand.id, entry.where(name))
            self._check_class(operand.class_id, entry.where(name))

    def check_queue(self, item: Item[Any]) -> None:
        """Schedule, limit and overflow target of a queue."""
        queue = item.value
        if "dispatchSchedule" in item.inner and queue.dispatch is not UNKNOWN:
            self.check_operand(
                queue.dispatch.capacity, item.inner["dispatchSchedule"], "capacitySeries"
            )
        if isinstance(queue.wip_limit, SeriesRef):
            self.check_operand(queue.wip_limit, item.entry, "wipLimitSeries")

    def _check_name(self, name: str, path: Path, ref: Ref | None = None, text: str = "") -> None:
        registry = self.registry
        if registry.may_be_series(name) or not self.notes.wants("unknown_series", path):
            return
        where = _place_of(ref, text)
        if name in registry.places:
            message = f"{quoted(name)} is a topology node, not a series: name the series of one of its roles"
            self.notes.add("unknown_series", path, message, **where)
            return
        message = f"unknown series {quoted(name)}"
        known = registry.series
        self.notes.add("unknown_series", path, message, word=name, known=known, **where)

    def _check_class(
        self, name: str | None, path: Path, ref: Ref | None = None, text: str = ""
    ) -> None:
        registry = self.registry
        if name is None or not self.outline.classes or registry.are_classes_open:
            return
        if name not in registry.classes:
            message = f"unknown class {quoted(name)}"
            known = registry.classes
            where = _place_of(ref, text)
            self.notes.add("unknown_class", path, message, word=name, known=known, **where)

    def check_topology(self) -> None:
        for item in self.outline.places:
            semantics = item.inner.get("semantics")
            if semantics is not None:
                for role, operand in item.value.roles.items():
                    self.check_operand(operand, semantics, role)
            self.check_queue(item)
            self._check_constraints(item)
        for row in self.outline.constraints:
            if "semantics" in row.inner:
                self._check_shared(row.value, row.inner["semantics"])
        for edge in self.outline.edges:
            for key, name in (("from", edge.value.source), ("to", edge.value.target)):
                self.registry.check_place(edge.entry, key, name)

    def _check_shared(self, constraint: Constraint, semantics: Entry) -> None:
        self.check_operand(constraint.capacity, semantics, "served")
        self.check_operand(constraint.arrivals, semantics, "arrivals")
        self.check_operand(constraint.errors, semantics, "errors")
        self.check_operand(constraint.latency_minutes, semantics, "latencyMinutes")

    def _check_constraints(self, item: Item[Any]) -> None:
        registry = self.registry
        names: Sequence[Any] = () if item.value.constraints is UNKNOWN else item.value.constraints
        for i, name in enumerate(names):
            if name is UNKNOWN or registry.are_constraints_open or name in registry.constraints:
                continue
            path = (*item.entry.where("constraints"), i)
            message = f"unknown constraint {quoted(name)}"
            known = registry.constraints
            self.notes.add("unknown_constraint", path, message, word=name, known=known)

    def check_traffic(self) -> None:
        outline, registry = self.outline, self.registry
        if outline.traffic_path is not None and not outline.classes:
            if outline.root.values.get("classes") in (None, []):
                message = "traffic needs declared classes"
                self.notes.add("traffic_without_classes", outline.traffic_path, message)
            return
        for item in outline.traffic:
            node = item.value.node_id
            if node is not UNKNOWN and not registry.are_places_open and node not in registry.places:
                known = frozenset(registry.places) | registry.series
                if not registry.may_be_series(node):
                    message = f"no series and no topology node is called {quoted(node)}"
                    item.entry.fault("unknown_series", "nodeId", message, word=node, known=known)
            self._check_traffic_class(item)

    def _check_traffic_class(self, item: Item[Any]) -> None:
        name = item.value.class_id
        if name is None:
            item.entry.fault("unknown_class", "classId", "the entry names no class")
        elif name is not UNKNOWN:
            self._check_class(name, item.entry.where("classId"))


def _sound_id(item: Item[Any]) -> Any:
    """The id where its pattern was right; the id of a node of unknown kind counts too."""
    return item.id if item.value is None else item.value.id


def _place_of(ref: Ref | None, text: str) -> dict[str, Any]:
    if ref is None:
        return {}
    return {"position": ref.position, "excerpt": excerpt(text, ref.position)}
