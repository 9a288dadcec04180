"""How each series of a model is made, in a line of text: constants, expressions, distributions, queues and routers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import (
    BufferNode,
    ConstNode,
    ExprNode,
    ExternalRef,
    PmfNode,
    RouterNode,
    SeriesRef,
)
from runs import wording

if TYPE_CHECKING:
    from flowtime.bundles import SeriesEntry
    from flowtime.engine import Model, SeriesInfo

ComputationNode = BufferNode | ConstNode | ExprNode | PmfNode | RouterNode

# More values than these are easier to grasp by their number and range.
MOST_VALUES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One computation node. ``source`` names the external array that takes the place of ``formula``."""

    id: str
    kind: str
    title: str
    unit: str
    series_kind: str
    formula: str
    source: str | None
    targets: tuple[str, ...]
    is_hidden: bool

    def to_dict(self) -> dict[str, Any]:
        """The formula in camelCase, as the API carries it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title or None,
            "unit": self.unit or None,
            "seriesKind": self.series_kind or None,
            "formula": self.formula or None,
            "source": self.source,
            "targets": list(self.targets),
            "hidden": self.is_hidden,
        }


def formulas_of(
    model: Model,
    index: Mapping[str, SeriesInfo | SeriesEntry],
    *,
    written: Sequence[Mapping[str, Any]] = (),
) -> list[Formula]:
    """Every computation node in document order; units and kinds as ``index`` settles them.

    ``written`` are the nodes as a template has them: what holds a placeholder is then shown with its placeholder.
    """
    entries = list(written) if len(written) == len(model.nodes) else [{}] * len(model.nodes)
    return [_formula(node, index, entry) for node, entry in zip(model.nodes, entries, strict=True)]


def _formula(
    node: ComputationNode, index: Mapping[str, SeriesInfo | SeriesEntry], written: Mapping[str, Any]
) -> Formula:
    kind, text = _kind_and_text(node, written)
    info = index.get(node.id)
    return Formula(
        id=node.id,
        kind=kind,
        title=str(node.metadata.get("title", "")),
        unit=info.unit if info else node.unit or "",
        series_kind=info.kind if info else node.series_kind or "",
        formula="" if getattr(node, "source", None) else text,
        source=getattr(node, "source", None),
        targets=tuple(dict.fromkeys(route.target for route in node.routes))
        if isinstance(node, RouterNode)
        else (),
        is_hidden=node.hidden,
    )


def _kind_and_text(node: ComputationNode, written: Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(node, ExprNode):
        return "expr", _placeheld(written, "expr", "expression") or node.text
    if isinstance(node, ConstNode):
        return "const", _placeheld(written, "values", "value") or _values(node.values)
    if isinstance(node, PmfNode):
        return "pmf", _distribution(node)
    if isinstance(node, BufferNode):
        return "serviceWithBuffer", _recurrence(node)
    return "router", _routes(node)


def _placeheld(written: Mapping[str, Any], *keys: str) -> str:
    """The text that stands in the template, where a parameter decides it."""
    return next(
        (text for key in keys if isinstance(text := written.get(key), str) and "${" in text), ""
    )


def _values(values: float | np.ndarray | None) -> str:
    if values is None:
        return ""
    if not isinstance(values, np.ndarray):
        return _number(float(values))
    listed = values.tolist()
    if len(listed) <= MOST_VALUES:
        return ", ".join(map(_number, listed))
    return f"{wording.say_count(len(listed), 'value')}, {_number(min(listed))} to {_number(max(listed))}"


def _distribution(node: PmfNode) -> str:
    pairs = [
        f"{_number(value)} with probability {_number(share)}"
        for value, share in zip(node.values, node.probabilities, strict=True)
    ]
    text = ", ".join(pairs[:MOST_VALUES])
    if len(pairs) > MOST_VALUES:
        text += f", and {wording.say_count(len(pairs) - MOST_VALUES, 'more value')}"
    if node.profile is not None:
        text += f"; times the profile {node.profile.name or 'of the template'}"
    return text


def _recurrence(node: BufferNode) -> str:
    """What is in the queue at the end of a bin (engine §12.4)."""
    text = f"SHIFT({node.id}, 1) + {say_operand(node.inflow)} - {say_operand(node.outflow)}"
    if node.loss is not None:
        text += f" - {say_operand(node.loss)}"
    if node.wip_limit is not None:
        text += f", at most {say_operand(node.wip_limit)}"
    return text


def _routes(node: RouterNode) -> str:
    shares = []
    for route in node.routes:
        if route.classes:
            part = f"class {', '.join(route.classes)}"
        else:
            part = f"weight {_number(1.0 if route.weight is None else route.weight)}"
        shares.append(f"{route.target} ({part})")
    return f"{say_operand(node.input)} to {', '.join(shares)}"


def say_operand(operand: SeriesRef | ExternalRef | float) -> str:
    """A reference as it is written: ``id``, ``id@Class``, a source or a number."""
    if isinstance(operand, SeriesRef):
        return f"{operand.id}@{operand.class_id}" if operand.class_id else operand.id
    if isinstance(operand, ExternalRef):
        return operand.text
    return _number(operand)


def _number(value: float) -> str:
    """As formulas have numbers: to twelve digits, without the commas that separate values."""
    return wording.UNDEFINED if math.isnan(value) else f"{value:.12g}"
