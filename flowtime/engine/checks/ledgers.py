"""The balances that must hold whatever the model says: where one does not, the engine is wrong (engine §18)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..expansion.expanded import QueueDef
from ..metrics.inputs import RoleRows
from ..model.topology import Edge
from ..results.ledger import RELATIVE
from ..space.stacks import Pick, pick
from .context import Check, Context, Run
from .hits import Batch, Hit, amounts


def prepare_ledgers(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    owned = _owned(context)
    checks: list[Check] = []
    apart = _queues(context, [queue for queue in owned if queue.key not in context.places])
    if apart is not None:
        checks.append(apart)
    identities = (
        *_routers(context), *_retries(context), *_constraints(context), *_parts(context, owned)
    )  # fmt: skip
    if identities:
        checks.append(Identities(identities))
    if context.edges.rows:
        checks.append(_shared(context))
    if context.edges.delayed:
        checks.append(_delayed(context))
    return checks


def prepare_queue_ledgers(context: Context) -> list[Check]:
    """The check of the queues that belong to nodes of the context."""
    queues = _queues(context, [queue for queue in _owned(context) if queue.key in context.places])
    return [] if queues is None else [queues]


def _owned(context: Context) -> list[QueueDef]:
    """The queues whose depth we compute."""
    return [q for q in context.expanded.queues.values() if not q.is_authored]


def violation(
    node: str, what: str, bins: np.ndarray, gap: np.ndarray, edges: tuple[str, ...] = ()
) -> Hit:
    """``ledger_violation``: amounts of ``node`` that do not balance."""
    return Hit(
        code="ledger_violation",
        node=node,
        edges=edges,
        say="The {what} of {node} does not balance from bin {first}, at worst by {amount} in bin {worst}: "
        "this is a fault of the engine.",
        words={"what": what},
        look=amounts(bins, gap),
    )


@dataclass(frozen=True, slots=True)
class QueueLedgers:
    """Every queue whose depth we compute: in = out + lost + overflow + change of the level (engine §18.1).

    Out and lost are what was promised less the shortage. So the shortage is what levels, flows and overflow leave
    unexplained: it is never negative, and a queue that is short is empty. ``losers`` and ``limited`` are the positions
    of the queues that have a loss, or an overflow.
    """

    nodes: tuple[str, ...]
    inflows: RoleRows | Pick
    outflows: RoleRows | Pick
    losers: Pick
    losses: RoleRows | Pick
    limited: Pick
    overflows: Pick
    depths: RoleRows | Pick
    seeds: np.ndarray

    def find(self, run: Run) -> Iterator[Batch]:
        short, depth = self._shortage(run)
        # Mostly settled by the extremes.
        if short.min() >= -RELATIVE and np.minimum(short, depth).max() <= RELATIVE:
            return
        off = np.maximum(-short, np.minimum(short, depth))
        bins = off > RELATIVE * self._sizes(run)
        rows = np.flatnonzero(bins.any(axis=1))
        if rows.size:
            yield Batch(rows, partial(self._hit, bins, off))

    def _hit(self, bins: np.ndarray, off: np.ndarray, at: int) -> Hit:
        return violation(self.nodes[at], "queue ledger", bins[at], off[at])

    def _shortage(self, run: Run) -> tuple[np.ndarray, np.ndarray]:
        """What levels, flows and overflow leave unexplained, and the levels."""
        depth = run.flows(self.depths)
        short = run.flows(self.outflows) - run.flows(self.inflows)
        short[self.losers] += run.flows(self.losses)
        short[self.limited] += run.rows(self.overflows)
        short += depth
        short[:, 0] -= self.seeds
        short[:, 1:] -= depth[:, :-1]
        return short, depth

    def _sizes(self, run: Run) -> np.ndarray:
        """The largest flow of each queue, (n, 1): rounding of a level is in proportion to it."""
        flows = [np.abs(run.flows(rows)).max(axis=1) for rows in (self.inflows, self.outflows)]
        sizes: np.ndarray = np.maximum(1.0, np.maximum(*flows))[:, None]
        return sizes


def _queues(context: Context, queues: Sequence[QueueDef]) -> QueueLedgers | None:
    """The queues of which every flow is a series of the index, in the order of their places."""
    rows = context.rows
    ranks = {node: rank for rank, node in enumerate(context.places)}
    known = [q for q in queues if q.inflow in rows and q.outflow in rows]
    known.sort(key=lambda queue: ranks.get(queue.key, len(ranks)))
    losers = [at for at, queue in enumerate(known) if queue.loss in rows]
    limited = [at for at, queue in enumerate(known) if queue.overflow in rows]
    if not known:
        return None
    return QueueLedgers(
        nodes=tuple(queue.key for queue in known),
        inflows=context.flows("arrivals", [(queue.key, queue.inflow) for queue in known]),
        outflows=context.flows("served", [(queue.key, queue.outflow) for queue in known]),
        losers=pick(losers),
        losses=context.flows("errors", [(known[k].key, known[k].loss or "") for k in losers]),
        limited=pick(limited),
        overflows=pick([rows[known[at].overflow or ""] for at in limited]),
        depths=context.flows("queueDepth", [(queue.key, queue.depth) for queue in known]),
        seeds=np.array([queue.seed for queue in known]),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """``whole`` equals the sum of ``parts``, plus the change of ``stock`` if there is one.

    ``needs`` is a series above which the identity applies; with ``is_split`` it applies where some part is positive.
    """

    node: str
    what: str
    whole: str
    parts: tuple[str, ...]
    stock: str | None = None
    above: str | None = None
    is_split: bool = False


@dataclass(frozen=True, slots=True)
class Identities:
    """Routers, retries, constraints and class parts (engine §18.2); bins with missing amounts are left out."""

    identities: tuple[Identity, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for identity in self.identities:
            parts = np.array([run.state.series(key) for key in identity.parts])
            whole = run.state.series(identity.whole)
            if identity.stock is not None:
                # Retries count a missing failure as none (engine §12.10).
                whole = run.counted(identity.whole)
                change = np.diff(run.state.series(identity.stock), prepend=0.0)
                parts = np.concatenate((parts, change[None]))
            applies = np.isfinite(whole) & np.isfinite(parts).all(axis=0)
            if identity.above is not None:
                limit = np.maximum(run.state.series(identity.above), 0.0)
                applies &= np.isfinite(limit) & (whole > limit)
            if identity.is_split:
                applies &= (whole > 0.0) & (parts > 0.0).any(axis=0)
            gap = np.abs(whole - parts.sum(axis=0))
            scale = np.maximum(np.abs(whole), np.abs(parts).max(axis=0))
            bins = applies & (gap > RELATIVE * np.maximum(1.0, scale))
            if bins.any():
                yield violation(identity.node, identity.what, bins, gap)


def _routers(context: Context) -> Iterator[Identity]:
    expanded = context.expanded
    for router in expanded.routers.values():
        outputs = (*router.targets, router.unrouted)
        if not expanded.overrides.intersection(outputs):
            node = router.node or router.id
            yield Identity(node, "router ledger", router.input, outputs)


def _retries(context: Context) -> Iterator[Identity]:
    for retry in context.expanded.retries.values():
        if retry.echo is None or retry.abandoned is None or retry.pending is None:
            continue
        if retry.budget_attempts is not None and retry.exhausted is None:
            continue
        made = [key for key in (retry.echo, retry.abandoned, retry.exhausted) if key is not None]
        if not context.expanded.overrides.intersection((*made, retry.pending)):
            yield Identity(retry.node, "retry ledger", retry.failures, tuple(made), retry.pending)


def _constraints(context: Context) -> Iterator[Identity]:
    """Only where each member has this one constraint: of several, the allocation shown is the least."""
    members = context.expanded.members
    for constraint in context.expanded.constraints.values():
        listed = [members[node] for node in constraint.members]
        parts = (*(member.allocation for member in listed), constraint.shortfall)
        is_alone = all(len(member.constraints) == 1 for member in listed)
        if listed and is_alone and not context.expanded.overrides.intersection(parts):
            yield Identity(
                constraint.id,
                "constraint ledger",
                constraint.demand,
                parts,
                above=constraint.capacity,
            )


def _parts(context: Context, queues: Sequence[QueueDef]) -> Iterator[Identity]:
    """The class parts of what a queue holds and of what overflows it."""
    for queue in queues:
        for key, what in ((queue.depth, "depth"), (queue.overflow, "overflow")):
            classes = context.classes_of(key) if key else ()
            if key and classes:
                parts = tuple(f"{key}@{class_id}" for class_id in classes)
                yield Identity(
                    queue.key, f"sum of the class parts of the {what}", key, parts, is_split=True
                )


@dataclass(frozen=True, slots=True)
class SharedFlows:
    """Throughput edges of a node that is no router carry together what it serves."""

    nodes: tuple[str, ...]
    served: tuple[str, ...]
    flows: Pick
    starts: np.ndarray

    def find(self, run: Run) -> Iterator[Hit]:
        if not self.nodes:
            return
        values = run.state.values
        served = np.array([run.state.series(key) for key in self.served])
        gap = np.abs(served - np.add.reduceat(values[self.flows], self.starts, axis=0))
        bins = gap > RELATIVE * np.maximum(1.0, np.abs(served))
        for at in np.flatnonzero(bins.any(axis=1)):
            yield violation(self.nodes[at], "edge ledger", bins[at], gap[at])


def _shared(context: Context) -> SharedFlows:
    groups: dict[str, list[int]] = {}
    for edge in sorted(context.expanded.model.topology.edges, key=lambda edge: edge.id):
        place = context.places[edge.source]
        if edge.type == "throughput" and place.category != "router" and place.has("served"):
            row = context.rows[context.edges.flows[edge.id][None]]
            groups.setdefault(edge.source, []).append(row)
    nodes = tuple(sorted(groups))
    counts = [len(groups[node]) for node in nodes]
    return SharedFlows(
        nodes,
        tuple(context.places[node].roles["served"] for node in nodes),
        pick([row for node in nodes for row in groups[node]]),
        np.cumsum([0, *counts])[:-1],
    )


@dataclass(frozen=True, slots=True)
class DelayedFlows:
    """What leaves on an edge with a lag is what arrives plus the change of what is under way."""

    edges: tuple[Edge, ...]
    volumes: Pick
    arrived: Pick
    transit: Pick

    def find(self, run: Run) -> Iterator[Hit]:
        values = run.state.values
        volume, arrived, transit = (
            values[rows] for rows in (self.volumes, self.arrived, self.transit)
        )
        gap = np.abs(volume - arrived - np.diff(transit, axis=1, prepend=0.0))
        bins = gap > RELATIVE * np.maximum(1.0, np.maximum(np.abs(volume), np.abs(transit)))
        for at in np.flatnonzero(bins.any(axis=1)):
            edge = self.edges[at]
            yield violation(edge.source, "edge ledger", bins[at], gap[at], (edge.id,))


def _delayed(context: Context) -> DelayedFlows:
    edges = {edge.id: edge for edge in context.expanded.model.topology.edges}
    owners = {row.key: edges[row.edge] for row in context.edges.rows}
    delayed = context.edges.delayed
    return DelayedFlows(
        tuple(owners[d.transit] for d in delayed),
        pick([context.rows[d.volume] for d in delayed]),
        pick([context.rows[d.arrived] for d in delayed]),
        pick([context.rows[d.transit] for d in delayed]),
    )
