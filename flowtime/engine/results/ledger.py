"""Ledgers of queues: what came in is what left plus what stayed (engine §18)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..expansion.expanded import Expanded, QueueDef
from ..space.state import State

RELATIVE = 1e-9
COLUMNS = ("inflow", "out", "loss", "overflow", "exhausted", "stock", "unmet")


def find_queue(expanded: Expanded, node: str) -> QueueDef | None:
    """The queue of a topology node, or of a computation node that no place binds or that one binds as its depth."""
    queue = expanded.queues.get(node)
    if queue is not None:
        return queue
    return next((q for q in expanded.queues.values() if q.computation == node), None)


def read_ledger(expanded: Expanded, state: State, queue: QueueDef) -> Mapping[str, np.ndarray]:
    """The columns of engine §18.3 by name, each of shape (bins,).

    Of a depth that is given rather than computed they are the data: everything promised counts as out or lost.
    """
    columns = _given(state, queue) if queue.is_authored else _traced(state, queue)
    exhausted = np.zeros(state.bins)
    if queue.exhausted is not None:
        given = _finite(state, queue.exhausted)
        exhausted = np.minimum(np.maximum(given, 0.0), columns["loss"])
    columns |= {"exhausted": exhausted, "loss": columns["loss"] - exhausted}
    return {name: columns[name] for name in COLUMNS}


def _traced(state: State, queue: QueueDef) -> dict[str, np.ndarray]:
    trace = state.queues[queue.key]
    return {
        "inflow": trace.inflow,
        "out": trace.out,
        "loss": trace.lost,
        "overflow": trace.overflow,
        "stock": trace.depth,
        "unmet": trace.unmet,
    }


def _given(state: State, queue: QueueDef) -> dict[str, np.ndarray]:
    zero = np.zeros(state.bins)
    return {
        "inflow": _finite(state, queue.inflow),
        "out": _finite(state, queue.outflow),
        "loss": _finite(state, queue.loss) if queue.loss else zero,
        "overflow": _finite(state, queue.overflow) if queue.overflow else zero,
        "stock": state.series(queue.depth),
        "unmet": zero,
    }


def _finite(state: State, key: str) -> np.ndarray:
    series = state.series(key)
    return np.where(np.isfinite(series), series, 0.0)
