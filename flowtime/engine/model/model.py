"""A bound model: no parameters, no placeholders, aliases resolved, defaults written out (engine §2, §5-§8, §23.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..documents.frozen import thaw
from .grid import Grid
from .nodes import ComputationNode
from .topology import Topology


@dataclass(frozen=True, slots=True)
class Rng:
    """How pmf nodes are evaluated, and from which seed (engine §21)."""

    kind: str = "pcg32"
    mode: Literal["expected", "sample"] = "expected"
    seed: int = 123


@dataclass(frozen=True, slots=True)
class ClassDef:
    id: str
    display_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class TrafficEntry:
    """A rate that sets a share of ``node_id``'s series for one class; it never changes a total (engine §8.7)."""

    node_id: str
    class_id: str
    rate: float


@dataclass(frozen=True, slots=True)
class Output:
    series: str
    exclude: tuple[str, ...] = ()
    as_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A template after binding; nothing in it is left to decide. To change a parameter, bind again.

    Tuples keep document order, so ``nodes[i]`` is the entry at path ``nodes[i]``. ``document`` is the canonical
    mapping that ``to_document`` returns and ``model_hash`` digests.
    """

    template_id: str
    template_version: str
    template_hash: str
    metadata: Mapping[str, Any]
    grid: Grid
    window: Mapping[str, Any]
    mode: Literal["simulation", "telemetry"]
    rng: Rng
    nodes: tuple[ComputationNode, ...]
    topology: Topology
    classes: tuple[ClassDef, ...]
    traffic: tuple[TrafficEntry, ...]
    outputs: tuple[Output, ...]
    parameters: Mapping[str, Any]
    parameters_hash: str
    model_hash: str
    document: Mapping[str, Any] = field(repr=False, compare=False)

    def to_document(self) -> dict[str, Any]:
        """The model as plain data in the written spelling; ``load_model`` of it gives an equal model."""
        document: dict[str, Any] = thaw(self.document)
        return document
