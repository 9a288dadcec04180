"""Queues: the recurrence of engine §12.4.1, its closed scan, capacity-driven service, and the effective amounts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..expansion.expanded import QueueDef
from ..program.tape import Operand, Tape
from ..space.state import QueueTrace
from . import wip

ANCHOR = 1536
"""Bins between two anchors of the scan. The sum of n terms is off by at most n^2/2 * 1.1e-16 of the largest, and a
level is the difference of two such sums: 1536 keeps it below the 4e-10 that engine §12.4.1 allows."""

_WIDTH = 8
_MANY = 4096
"""Cells from which it pays to scan strips of ``_WIDTH`` bins side by side."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """One bin of a queue: what came, was promised, was short, really left, and what stayed before and after the limit."""

    inflow: Operand
    unmet: Operand
    out: Operand
    lost: Operand
    overflow: Operand
    level: Operand


def record_amounts(t: Tape, queue: QueueDef) -> Amounts:
    """The recurrence. Shortage is taken from the loss first, then from the outflow."""
    inflow = t.fin(t.load(queue.inflow))
    promised = t.fin(t.load(queue.outflow))
    loss = t.fin(t.load(queue.loss)) if queue.loss else 0.0
    before = t.load(queue.depth, 1, queue.seed)
    raw = t.subtract(t.subtract(t.add(before, inflow), promised), loss)
    level = t.maximum(0.0, raw)
    unmet = t.subtract(level, raw)
    lost = t.subtract(loss, t.minimum(unmet, t.maximum(loss, 0.0)))
    out = t.subtract(promised, t.subtract(unmet, t.subtract(loss, lost)))
    overflow: Operand = 0.0
    if queue.limit:
        level, overflow = wip.cap(t, level, t.load(queue.limit))
    return Amounts(inflow, unmet, out, lost, overflow, level)


def record_wish(t: Tape, queue: QueueDef) -> Operand:
    """What a capacity-driven queue would serve without gate and allocation (engine §12.4.2)."""
    inflow = t.fin(t.load(queue.inflow))
    work = t.maximum(0.0, t.add(t.load(queue.depth, 1, queue.seed), inflow))
    servers: Operand = 1.0
    if queue.parallelism:
        given = t.load(queue.parallelism)
        servers = t.choose(t.both(t.is_finite(given), t.greater(given, 0.0)), given, 1.0)
    rate = t.fin(t.multiply(t.load(queue.capacity or ""), servers))
    return t.minimum(t.maximum(0.0, rate), work)


def scan(net: np.ndarray, seed: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Levels of n unlimited queues at once: ``net`` (n, bins) and ``seed`` (n,) into ``out``, which may be ``net``.

    The closed form ``Q = C - min(0, running min of C)`` of the recurrence, anchored again every ``ANCHOR`` bins.
    """
    level = seed
    for start in range(0, net.shape[1], ANCHOR):
        levels = out[:, start : start + ANCHOR]
        np.copyto(levels, net[:, start : start + ANCHOR])
        scan_block(levels, level)
        level = levels[:, -1]
    return out


def scan_block(levels: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Turn net changes (n, k) into levels in place, from the levels ``before`` (n,).

    Returns the shortage of each queue in the block: what was promised and was not there.
    """
    if levels.size < _MANY or levels.shape[1] < _WIDTH:
        return _scan_rows(levels, before)
    whole = levels.shape[1] - levels.shape[1] % _WIDTH
    shortage = _scan_strips(levels[:, :whole], before)
    if whole < levels.shape[1]:
        shortage += _scan_rows(levels[:, whole:], levels[:, whole - 1])
    return shortage


def _scan_rows(levels: np.ndarray, before: np.ndarray) -> np.ndarray:
    levels[:, 0] += before
    np.add.accumulate(levels, axis=1, out=levels)
    lowest = np.minimum.accumulate(levels, axis=1)
    np.minimum(lowest, 0.0, out=lowest)
    levels -= lowest
    shortage: np.ndarray = -lowest[:, -1]
    return shortage


def _scan_strips(levels: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The same with the bins cut into strips: within all strips at once, then from strip to strip.

    An accumulation along a row adds one number at a time; here each step adds whole rows of numbers.
    """
    count, bins = levels.shape
    strips = bins // _WIDTH
    stripped = levels.reshape(count, strips, _WIDTH).transpose(2, 0, 1)
    sums = np.ascontiguousarray(stripped)
    for earlier, later in pairwise(sums):
        np.add(later, earlier, out=later)
    carried = np.empty((count, strips))
    carried[:, 0] = before
    carried[:, 1:] = sums[-1, :, :-1]
    sums += np.add.accumulate(carried, axis=1, out=carried)

    lowest = np.empty_like(sums)
    lowest[0] = sums[0]
    for position in range(1, _WIDTH):
        np.minimum(lowest[position - 1], sums[position], out=lowest[position])
    carried[:, 0] = 0.0
    carried[:, 1:] = lowest[-1, :, :-1]
    np.minimum(lowest, np.minimum.accumulate(carried, axis=1, out=carried), out=lowest)
    # Computing straight into strips that lie apart would take three times as long.
    np.copyto(stripped, np.subtract(sums, lowest, out=sums))
    shortage: np.ndarray = -lowest[-1, :, -1]
    return shortage


def trace(
    inflow: np.ndarray,
    outflow: np.ndarray,
    loss: np.ndarray,
    depth: np.ndarray,
    seed: float,
    *,
    is_limited: bool,
) -> QueueTrace:
    """The effective amounts of one queue from its levels and from what was promised; arrays of shape (bins,).

    They balance in every bin by construction, whichever way the levels were computed.
    """
    inflow, outflow, loss = (_finite(array) for array in (inflow, outflow, loss))
    raw = np.empty_like(depth)
    raw[0] = seed
    raw[1:] = depth[:-1]
    raw += inflow
    raw -= outflow
    raw -= loss
    level = np.maximum(raw, 0.0) if is_limited else depth
    unmet = level - raw
    lost = loss - np.minimum(unmet, np.maximum(loss, 0.0))
    out = outflow - (unmet - (loss - lost))
    return QueueTrace(inflow, out, lost, level - depth, depth, np.maximum(unmet, 0.0), seed)


def _finite(array: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(array), array, 0.0)
