"""Computation nodes of a bound model, and what their fields may point at (engine §7.4, §8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from ..expressions.syntax import Expression


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
    wip_overflow: str | None = None


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
