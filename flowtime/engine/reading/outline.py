"""What has been read of a document so far: model parts beside the entries they came from (engine §20).

A part may hold UNKNOWN where its value is faulty or waits for a parameter; whoever checks it passes over that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..model.grid import Grid
from ..model.model import ClassDef, Output, Rng, TrafficEntry
from ..model.nodes import ComputationNode
from ..model.topology import Constraint, Edge, TopologyNode
from ..problems import Path
from .mappings import Entry

PartT = TypeVar("PartT")


@dataclass(slots=True)
class Item(Generic[PartT]):
    """One entry of a list: ``id`` is its text even where the pattern refuses it, UNKNOWN where it is pending.

    ``inner`` holds the mappings inside it (``semantics``, ``dispatchSchedule`` ...), ``rows`` the lists of mappings,
    ``dependencies`` what an expression is said to read.
    """

    entry: Entry
    id: Any
    value: PartT
    inner: dict[str, Entry] = field(default_factory=dict)
    rows: dict[str, list[Entry]] = field(default_factory=dict)
    dependencies: Any = None


@dataclass(slots=True)
class Outline:
    """All parts in document order; ``nodes`` holds None as value where the kind is not known."""

    root: Entry
    metadata: Mapping[str, Any]
    id: Any
    version: Any
    grid: Grid | Any
    mode: Any
    rng: Rng
    nodes: list[Item[ComputationNode | None]]
    places: list[Item[TopologyNode]]
    edges: list[Item[Edge]]
    constraints: list[Item[Constraint]]
    classes: list[Item[ClassDef]]
    traffic: list[Item[TrafficEntry]]
    traffic_path: Path | None
    outputs: list[Output]
    generator: Any
    provenance: Mapping[str, Any]
