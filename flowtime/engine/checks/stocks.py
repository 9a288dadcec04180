"""Checks of queues: what they hold, promise, gate and lose (engine §12.4-§12.6, §19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..expansion.expanded import QueueDef
from ..expansion.places import Place
from ..kernels.dispatch import opened
from ..kernels.queue import scan
from ..metrics.inputs import RoleRows
from .context import Check, Context, Run
from .hits import Batch, Hit, amounts, unknowns
from .tolerance import ABSOLUTE, differs, exceeds


def prepare_stocks(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    queues = context.expanded.queues.values()
    owned = tuple(queue for queue in queues if not queue.is_authored)
    authored = tuple(queue for queue in queues if queue.is_authored)
    checks: list[Check] = []
    if owned:
        checks.append(Unmet(owned))
    if authored:
        checks.append(GivenDepth(authored))
    inputs = counted_inputs(context)
    if inputs:
        checks.append(MissingInputs(inputs))
    gated = tuple(place for place in context.places.values() if place.gate is not None)
    if gated:
        checks.append(Timetable(gated))
    return checks


def prepare_silence(context: Context) -> list[Check]:
    """The check of queues that serve nothing, for the nodes of the context."""
    silent = tuple(
        place
        for place in context.places.values()
        if place.has_queue and place.has("queueDepth", "served") and place.category != "dlq"
    )
    if not silent:
        return []
    return [SilentQueues(silent, context.inputs.at("served", (place.id for place in silent)))]


@dataclass(frozen=True, slots=True)
class Unmet:
    """``unmet_outflow``: more was promised than a queue held."""

    queues: tuple[QueueDef, ...]

    def find(self, run: Run) -> Iterator[Batch]:
        if run.state.short:
            yield Batch(np.arange(len(self.queues)), partial(self._hit, run))

    def _hit(self, run: Run, at: int) -> Hit | None:
        key = self.queues[at].key
        if key not in run.state.short:
            return None
        unmet = run.state.queues[key].unmet
        bins = exceeds(unmet, 0.0)
        if not bins.any():
            return None
        return Hit(
            code="unmet_outflow",
            node=key,
            say="{node} is asked for {total} more than it holds, first in bin {first}.",
            look=amounts(bins, unmet),
        )


@dataclass(frozen=True, slots=True)
class GivenDepth:
    """``queue_depth_mismatch``: a depth that the author states differs from the recurrence of its flows."""

    queues: tuple[QueueDef, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for queue in self.queues:
            stated = run.state.series(queue.depth)
            expected = recompute_depth(queue, run)
            bins = differs(stated, expected)
            if bins.any():
                yield Hit(
                    code="queue_depth_mismatch",
                    node=queue.key,
                    say="The stated queue depth of {node} differs from what its flows give from bin "
                    "{first}, by up to {amount} in bin {worst}.",
                    look=amounts(bins, np.abs(stated - expected)),
                )


def recompute_depth(queue: QueueDef, run: Run) -> np.ndarray:
    """The level that the flows of a queue give, with its limit if it has one (engine §12.4.1)."""
    net = run.counted(queue.inflow) - run.counted(queue.outflow)
    if queue.loss is not None:
        net -= run.counted(queue.loss)
    if queue.limit is None:
        stack = net.reshape(1, -1)
        levels: np.ndarray = scan(stack, np.array([queue.seed]), stack)[0]
        return levels
    limit = run.state.series(queue.limit)
    ceilings = np.where(np.isfinite(limit), np.maximum(limit, 0.0), np.inf)
    level, found = queue.seed, []
    for change, ceiling in zip(net.tolist(), ceilings.tolist(), strict=True):
        level = min(max(0.0, level + change), ceiling)
        found.append(level)
    return np.array(found)


@dataclass(frozen=True, slots=True)
class Counted:
    """Series that a mechanism counts as 0 where they are not finite; ``servers`` multiplies the last one."""

    node: str
    keys: tuple[str, ...]
    capacity: str | None = None
    servers: str | None = None


def counted_inputs(context: Context) -> tuple[Counted, ...]:
    """Inflow, outflow and loss of queues, capacity of what serves by it, inputs of retries (engine §15)."""
    constants = context.expanded.constants
    found = []
    for queue in context.expanded.queues.values():
        if queue.is_authored:
            continue
        keys = [queue.inflow, queue.loss]
        if not queue.is_capacity_driven:
            keys.append(queue.outflow)
        known = tuple(key for key in keys if key is not None and key not in constants)
        capacity = queue.capacity if queue.is_capacity_driven else None
        found.append(Counted(queue.key, known, capacity, queue.parallelism))
    for retry in context.expanded.retries.values():
        inputs = (retry.failures, retry.attempts if retry.budget_attempts else None)
        known = tuple(key for key in inputs if key is not None and key not in constants)
        found.append(Counted(retry.node, known))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class MissingInputs:
    """``non_finite_in_queue``: amounts that are counted as nothing because they are not finite."""

    inputs: tuple[Counted, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for counted in self.inputs if run.has_gaps else ():
            missing = np.zeros(run.state.bins, dtype=bool)
            for key in counted.keys:
                missing |= ~np.isfinite(run.state.series(key))
            if counted.capacity is not None:
                missing |= ~np.isfinite(_rate(run, counted.capacity, counted.servers))
            if missing.any():
                yield Hit(
                    code="non_finite_in_queue",
                    node=counted.node,
                    say="What {node} takes in or gives out is no finite number in {bins}, first in bin "
                    "{first}, and is counted as 0.",
                    look=unknowns(missing),
                )


def _rate(run: Run, capacity: str, servers: str | None) -> np.ndarray:
    rate: np.ndarray = run.state.series(capacity)
    if servers is None:
        return rate
    given = run.state.series(servers)
    rate = rate * np.where(np.isfinite(given) & (given > 0.0), given, 1.0)
    return rate


@dataclass(frozen=True, slots=True)
class Timetable:
    """``dispatch_never_releases`` and ``served_on_closed_bin``: what a schedule does, and what escapes it."""

    places: tuple[Place, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for place in self.places:
            if not place.has("served") or place.gate is None:
                continue
            served = run.counted(place.roles["served"])
            arrivals = run.counted(place.roles["arrivals"]) if place.has("arrivals") else served
            if arrivals.sum() > ABSOLUTE >= served.sum():
                yield Hit(
                    code="dispatch_never_releases",
                    node=place.id,
                    say="The schedule of {node} releases nothing of the {total} that arrive from bin "
                    "{first} on.",
                    look=amounts(arrivals > 0.0, arrivals),
                )
            if place.queue is None or place.queue.computation is None:
                continue
            escaped = exceeds(served, 0.0) & ~opened(place.gate, run.state.bins)
            if escaped.any():
                yield Hit(
                    code="served_on_closed_bin",
                    node=place.id,
                    say="{node} serves {total} in bins in which its schedule is closed, first in bin "
                    "{first}.",
                    look=amounts(escaped, served),
                )


@dataclass(frozen=True, slots=True)
class SilentQueues:
    """``queue_latency_unreported`` and ``queue_latency_gate_closed``: work waits and nothing is served."""

    places: tuple[Place, ...]
    served: RoleRows

    def find(self, run: Run) -> Iterator[Hit]:
        if not run.bound.read(self.served).min() > ABSOLUTE:
            yield from self.report(run, np.arange(len(self.places)))

    def report(self, run: Run, rows: np.ndarray) -> Iterator[Hit]:
        for place in (self.places[at] for at in rows.tolist()):
            served, depth = (run.finite(place.roles[role]) for role in ("served", "queueDepth"))
            waits = exceeds(depth, 0.0) & (served <= ABSOLUTE)
            code, why = "queue_latency_unreported", "nothing is served"
            if place.gate is not None:
                waits &= ~opened(place.gate, run.state.bins)
                code, why = "queue_latency_gate_closed", "its schedule is closed"
            if waits.any():
                yield Hit(
                    code=code,
                    node=place.id,
                    say="The queue time of {node} is unknown in {bins}, first in bin {first}: {why} while "
                    "up to {amount} wait.",
                    words={"why": why},
                    look=amounts(waits, depth),
                )
