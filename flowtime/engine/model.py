"""A bound model: no parameters, no placeholders, aliases resolved, defaults written out (engine §2, §5-§8, §23.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from .syntax import Expression

UNIT_MINUTES: Mapping[str, int] = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080}

QUEUE_KINDS = frozenset({"serviceWithBuffer", "queue", "dlq"})
"""Topology kinds that hold work back: *queue-like* in the specification."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a document may ask for, checked before anything is allocated (engine §3)."""

    max_yaml_bytes: int = 2_097_152
    max_yaml_depth: int = 32
    max_yaml_nodes: int = 500_000
    max_yaml_aliases: int = 0
    max_string_chars: int = 20_000
    max_parameters: int = 200
    max_nodes: int = 2_000
    max_topology_nodes: int = 1_000
    max_edges: int = 5_000
    max_classes: int = 50
    max_constraints: int = 200
    max_routes: int = 200
    max_outputs: int = 5_000
    max_bins: int = 100_000
    max_expression_chars: int = 4_096
    max_expression_depth: int = 64
    max_expression_tokens: int = 1_000
    max_kernel_taps: int = 1_024
    max_pmf_entries: int = 1_000
    max_cells: int = 20_000_000
    max_problems: int = 200


@dataclass(frozen=True, slots=True)
class Grid:
    """``bins`` equal, adjacent, left-aligned bins; ``start`` is UTC, or None (engine §2.1)."""

    bins: int
    bin_size: int
    bin_unit: str
    start: np.datetime64 | None = None

    @property
    def bin_minutes(self) -> int:
        return self.bin_size * UNIT_MINUTES[self.bin_unit]

    @property
    def bin_ms(self) -> int:
        return 60_000 * self.bin_minutes

    def starts(self) -> np.ndarray | None:
        """The instant each bin begins, ``datetime64[ms]`` of shape (bins,); None without a start."""
        if self.start is None:
            return None
        first = self.start.astype("datetime64[ms]")
        starts: np.ndarray = first + np.arange(self.bins) * np.timedelta64(self.bin_ms, "ms")
        return starts


@dataclass(frozen=True, slots=True)
class Rng:
    """How pmf nodes are evaluated, and from which seed (engine §21)."""

    kind: str = "pcg32"
    mode: Literal["expected", "sample"] = "expected"
    seed: int = 123


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """A series by bare id, or the part of it that belongs to ``class_id`` (engine §7.4)."""

    id: str
    class_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """An array that the caller supplies under exactly this text, such as ``file:demand.csv#jfk``."""

    text: str


Operand = SeriesRef | ExternalRef | float
"""What a role or a field of the model may hold where the specification says "ref or number"."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A dispatch schedule: open every ``period_bins`` bins from ``phase_offset`` (engine §12.5)."""

    period_bins: int
    phase_offset: int = 0
    capacity: Operand | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Weights over the clock: ``builtin`` by name, or ``inline`` with one weight a bin (engine §12.3)."""

    kind: Literal["builtin", "inline"]
    name: str | None = None
    weights: tuple[float, ...] = ()
    span: Literal["day", "window"] = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    id: str
    unit: str | None = None
    series_kind: str | None = None
    hidden: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstNode(_Common):
    """``values`` is one float that is broadcast, or a read-only float64 array of shape (bins,), or None with a source."""

    values: float | np.ndarray | None
    source: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConstNode):
            return NotImplemented
        return _comparable(self) == _comparable(other)

    def __hash__(self) -> int:
        return hash((self.id, self.source))


def _comparable(node: ConstNode) -> tuple[object, ...]:
    # An array has no truth value of its own: the comparison that dataclasses make would fail.
    values = node.values.tolist() if isinstance(node.values, np.ndarray) else node.values
    common = (node.id, node.unit, node.series_kind, node.hidden, dict(node.metadata))
    return (*common, values, node.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExprNode(_Common):
    """``text`` is the bound expression, ``tree`` what it says; ``initial`` seeds its own past (engine §11.4)."""

    text: str
    tree: Expression
    initial: float | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PmfNode(_Common):
    """A discrete distribution; ``probabilities`` as authored (they are divided by their sum when used)."""

    values: tuple[float, ...]
    probabilities: tuple[float, ...]
    profile: Profile | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferNode(_Common):
    """A ``serviceWithBuffer`` computation node: a queue depth under its own id (engine §8.5, §12.4).

    ``wip_limit`` is ``wipLimitSeries`` where given (it wins), else ``wipLimit``.
    """

    inflow: Operand
    outflow: Operand
    loss: Operand | None = None
    initial: float | None = None
    dispatch: Dispatch | None = None
    wip_limit: Operand | None = None
    wip_overflow: str = "loss"


@dataclass(frozen=True, slots=True)
class Route:
    """One way out of a router: by ``classes``, or by ``weight`` of what the classes left (engine §12.7)."""

    target: str
    classes: tuple[str, ...] = ()
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterNode(_Common):
    """A router: its own id names its input series, each target a series it defines."""

    input: Operand
    routes: tuple[Route, ...]


ComputationNode = ConstNode | ExprNode | PmfNode | BufferNode | RouterNode


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyNode:
    """A named place whose roles point at series.

    ``kind`` is the written spelling, and ``sink`` where ``nodeRole`` says so. ``roles`` maps role names as
    written in engine §7.3 (``arrivals``, ``processingTimeMsSum`` ...) to operands; ``queueDepth: self`` is absent.
    ``initial_depth`` is None where no ``initialCondition`` is given.
    """

    id: str
    kind: str
    roles: Mapping[str, Operand]
    node_role: str | None = None
    label: str | None = None
    group: str | None = None
    retry_kernel: tuple[float, ...] | None = None
    max_attempts: int | None = None
    sla_min: float | None = None
    exhausted_policy: str | None = None
    backoff_strategy: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    initial_depth: float | None = None
    dispatch: Dispatch | None = None
    wip_limit: Operand | None = None
    wip_overflow: str | None = None
    constraints: tuple[str, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_queue_like(self) -> bool:
        return self.kind in QUEUE_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Capacity shared by the nodes that list this id (engine §12.8)."""

    id: str
    capacity: Operand
    arrivals: Operand | None = None
    errors: Operand | None = None
    latency_minutes: Operand | None = None
    demand: Literal["wanted", "arrivals"] = "wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A connection that reports, and never drives a node's value (engine §14)."""

    id: str
    source: str
    target: str
    source_port: str | None = None
    target_port: str | None = None
    type: str = "throughput"
    measure: str = "served"
    weight: float = 1.0
    multiplier: float | None = None
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Topology:
    nodes: tuple[TopologyNode, ...] = ()
    edges: tuple[Edge, ...] = ()
    constraints: tuple[Constraint, ...] = ()


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
        from .documents import thaw

        document: dict[str, Any] = thaw(self.document)
        return document
