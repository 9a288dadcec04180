"""Checks of edges: whether what they carry is what nodes give out and take in (engine §14, §19)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..model.topology import Edge
from .context import Check, Context, Run
from .hits import Hit, amounts, name, number
from .tolerance import differs

_DELIVERING = frozenset({"throughput", "terminal"})
_MOST = 10


@dataclass(frozen=True, slots=True)
class Balance:
    """What one node gives out or takes in, in total or for one class, and the series that should add up to it."""

    code: str
    node: str
    role: str
    key: str
    parts: tuple[str, ...]
    edges: tuple[str, ...]
    class_id: str | None = None
    splits: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """Per source of a mismatch: its targets with the keys of their arrivals, for advice about weights."""


def prepare_flows(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    balances = [*_outgoing(context), *_incoming(context)]
    return [EdgeBalance(tuple(balances))] if balances else []


@dataclass(frozen=True, slots=True)
class EdgeBalance:
    """``edge_flow_mismatch_*`` and ``edge_class_mismatch``."""

    balances: tuple[Balance, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for balance in self.balances:
            given = run.state.series(balance.key)
            carried = run.state.series(balance.parts[0]).copy()
            for part in balance.parts[1:]:
                carried += run.state.series(part)
            bins = differs(given, carried)
            if bins.any():
                gap = np.abs(given - carried)
                yield _mismatch(run, balance, bins, gap)


def _mismatch(run: Run, balance: Balance, bins: np.ndarray, gap: np.ndarray) -> Hit:
    whose = f" of class {name(balance.class_id)}" if balance.class_id else ""
    return Hit(
        code=balance.code,
        node=balance.node,
        class_id=balance.class_id,
        edges=balance.edges,
        say="The {role}{whose} of {node} differ from what {moves} over its edges from bin {first}, by "
        "up to {amount} in bin {worst}.",
        words={
            "role": balance.role,
            "whose": whose,
            "moves": "leaves" if balance.role == "served" else "comes in",
        },
        look=amounts(bins, gap),
        suggestion=partial(_fitted_weights, run, balance.splits) if balance.splits else None,
    )


def _fitted_weights(
    run: Run, splits: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
) -> str | None:
    """The weights that fit best: each target's share of what arrives at all targets of one source."""
    advice = []
    for source, targets in splits:
        totals = [max(0.0, float(run.counted(key).sum())) for _, key in targets]
        whole = sum(totals)
        if whole > 0.0:
            shares = [
                f"{name(target)} {number(total / whole)}"
                for (target, _), total in zip(targets, totals, strict=True)
            ]
            advice.append(f"from {name(source)}: {_some(shares, ', ')}")
    return f"Weights that fit: {_some(advice, '; ')}." if advice else None


def _some(texts: Sequence[str], comma: str) -> str:
    """As much of a list as a reader can use."""
    rest = len(texts) - _MOST
    return comma.join(texts[:_MOST]) + (f"{comma}and {rest} more" if rest > 0 else "")


def _outgoing(context: Context) -> Iterator[Balance]:
    """Routers only: the edges of any other node share exactly what it serves."""
    by_source = _throughput_by_source(context)
    for node, place in context.places.items():
        edges = by_source.get(node, [])
        if place.category != "router" or not edges or not place.has("served"):
            continue
        if all(edge.id in context.edges.flows for edge in edges):
            key = place.roles["served"]
            yield from _balances(
                context, "edge_flow_mismatch_outgoing", (node, "served", key), edges, {}, ()
            )


def _incoming(context: Context) -> Iterator[Balance]:
    into: dict[str, list[Edge]] = {}
    for edge in context.expanded.model.topology.edges:
        if edge.type in _DELIVERING:
            into.setdefault(edge.target, []).append(edge)
    by_source = _throughput_by_source(context)
    for node, place in context.places.items():
        edges = sorted(into.get(node, []), key=lambda edge: edge.id)
        if not edges or place.has("externalDemand") or not place.has("arrivals"):
            continue
        if all(edge.id in context.edges.arrivals for edge in edges):
            inflow = context.expanded.inflows.get(node)
            yield from _balances(
                context,
                "edge_flow_mismatch_incoming",
                (node, "arrivals", place.roles["arrivals"]),
                edges,
                _splits(context, edges, by_source),
                inflow.overflows if inflow else (),
            )


def _balances(
    context: Context,
    code: str,
    bound: tuple[str, str, str],
    edges: Sequence[Edge],
    splits: Mapping[str, tuple[tuple[str, str], ...]],
    overflows: Sequence[str],
) -> Iterator[Balance]:
    """The balance of a node's total, and of each class where every edge knows its classes."""
    node, role, key = bound
    carried = context.edges.flows if role == "served" else context.edges.arrivals
    names = tuple(edge.id for edge in edges)
    found = [carried[edge.id] for edge in edges]
    yield Balance(
        code,
        node,
        role,
        key,
        (*(part[None] for part in found), *overflows),
        names,
        splits=tuple(sorted(splits.items())),
    )
    is_classed = all(len(part) > 1 for part in found)
    if not is_classed or any(not context.classes_of(overflow) for overflow in overflows):
        return
    for class_id in context.classes_of(key):
        parts = [part[class_id] for part in found if class_id in part]
        parts += [f"{o}@{class_id}" for o in overflows if class_id in context.classes_of(o)]
        if parts:
            whole = key if key.endswith(f"@{class_id}") else f"{key}@{class_id}"
            yield Balance("edge_class_mismatch", node, role, whole, tuple(parts), names, class_id)


def _throughput_by_source(context: Context) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in sorted(context.expanded.model.topology.edges, key=lambda edge: edge.id):
        if edge.type == "throughput":
            found.setdefault(edge.source, []).append(edge)
    return found


def _splits(
    context: Context, edges: Sequence[Edge], by_source: Mapping[str, Sequence[Edge]]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """The sources whose weights decide what ``edges`` carry, with all their targets."""
    found = {}
    for source in {edge.source for edge in edges if edge.type == "throughput"}:
        targets = sorted({edge.target for edge in by_source[source]})
        bound = [(t, context.places[t].roles.get("arrivals")) for t in targets]
        known = tuple((target, key) for target, key in bound if key is not None)
        if len(known) > 1:
            found[source] = known
    return found
