"""An expansion under way: series, roles and constants as they are added (engine §10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model.model import Model
from ..model.nodes import BufferNode, Dispatch, ExternalRef, Operand, RouterNode
from ..model.topology import TopologyNode
from .expanded import Gate, SeriesDef
from .naming import Names

ZERO = "__zero"
"""A constant of the engine: stands where telemetry mode lets a required role be absent."""


@dataclass(slots=True)
class Draft:
    """What is known so far. ``places`` are the topology nodes in ascending order of their ids."""

    model: Model
    names: Names
    overridden: frozenset[str]
    places: tuple[TopologyNode, ...]
    buffers: Mapping[str, BufferNode]
    series: dict[str, SeriesDef] = field(default_factory=dict)
    roles: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    externals: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, component: str | None, *, hidden: bool = False) -> str:
        """Declare an engine-made series; what exists already stays as it is."""
        if key not in self.series:
            self.series[key] = SeriesDef(
                id=key,
                kind="",
                unit="",
                origin="synthesised",
                component=component,
                hidden=hidden or key.startswith("__"),
                is_temporary=key.startswith("__"),
            )
        return key

    def add_named(self, owner: str, purpose: str, component: str | None) -> str | None:
        """Declare the series that ``Names`` foresaw for a purpose, if it did."""
        key = self.names.get(owner, purpose)
        return None if key is None else self.add(key, component)

    def resolve(self, operand: Operand, spare: str, component: str | None) -> str:
        """The key of an operand; a number or an external array becomes the series ``spare``."""
        if isinstance(operand, ExternalRef):
            self.externals[self.add(spare, component, hidden=True)] = operand.text
            return spare
        if isinstance(operand, int | float):
            self.constants[self.add(spare, component, hidden=True)] = float(operand)
            return spare
        return operand.id if operand.class_id is None else f"{operand.id}@{operand.class_id}"

    def role(self, node: str, role: str) -> str:
        """The key bound to a role; the engine's zero where the role is missing."""
        key = self.roles[node].get(role)
        if key is None:
            self.constants[self.add(ZERO, None)] = 0.0
            return ZERO
        return key

    def gate(self, dispatch: Dispatch, owner: str) -> Gate:
        """A schedule with its phase reduced and its capacity resolved (engine §12.5)."""
        capacity = None
        if dispatch.capacity is not None:
            capacity = self.resolve(dispatch.capacity, f"__gate_{owner}", None)
        return Gate(
            period=dispatch.period_bins,
            phase=dispatch.phase_offset % dispatch.period_bins,
            capacity=capacity,
            dispatch=dispatch,
        )


def start_draft(model: Model, names: Names, overridden: frozenset[str]) -> Draft:
    """A draft with the author's own series and with every role bound as it is written."""
    draft = Draft(
        model,
        names,
        overridden,
        places=tuple(sorted(model.topology.nodes, key=lambda node: node.id)),
        buffers={node.id: node for node in model.nodes if isinstance(node, BufferNode)},
    )
    for node in model.nodes:
        draft.series[node.id] = SeriesDef(
            id=node.id,
            kind=node.series_kind or "",
            unit=node.unit or "",
            origin="authored",
            hidden=node.hidden,
        )
        source = getattr(node, "source", None)
        if source:
            draft.externals[node.id] = source
    for node in model.nodes:
        if isinstance(node, RouterNode):
            for route in node.routes:
                draft.series.setdefault(
                    route.target,
                    SeriesDef(id=route.target, kind="", unit="", origin="authored"),
                )
    for place in draft.places:
        draft.roles[place.id] = {
            role: draft.resolve(value, names.get(place.id, f"role:{role}") or "", place.id)
            for role, value in place.roles.items()
        }
    return draft


def attach_roles(draft: Draft) -> Mapping[str, SeriesDef]:
    """Every series with the list of ``node.role`` it is bound to, in ascending order."""
    uses: dict[str, list[str]] = {}
    for node, roles in sorted(draft.roles.items()):
        for role, key in sorted(roles.items()):
            uses.setdefault(key, []).append(f"{node}.{role}")
    return {
        key: replace(series, roles=tuple(uses.get(key, ())))
        for key, series in sorted(draft.series.items())
    }
