"""Class parts of queues: what leaves has the mix of what is there (engine §13.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..expansion.expanded import QueueDef
from ..expansion.series_ids import part_key
from ..program.tape import Operand, Split, Tape
from . import classes
from .queue import Amounts, record_amounts


@dataclass(frozen=True, slots=True)
class Content:
    """Parts of one bin of a queue, by class: what left, what overflowed, and what stays."""

    out: Mapping[str, Operand]
    over: Mapping[str, Operand]
    level: Mapping[str, Operand]


def record_content(
    t: Tape,
    queue: QueueDef,
    names: Sequence[str],
    *,
    out_names: Sequence[str],
    loss_names: Sequence[str],
    is_fed_back: bool,
) -> Content:
    """Follow the classes ``names`` of the inflow through the queue.

    ``out_names`` and ``loss_names`` are the classes that outflow and loss have of their own. ``is_fed_back``: the
    inflow depends on this queue, so the seed can only be split by bin 0.
    """
    amounts = record_amounts(t, queue)
    arrived = {name: t.fin(t.load(part_key(queue.inflow, name))) for name in names}
    before = _record_before(t, queue, arrived, is_fed_back=is_fed_back)
    available = {name: t.add(before[name], arrived[name]) for name in names}
    out = _leave(t, amounts.out, available, queue.outflow, out_names)
    lost = _leave(t, amounts.lost, available, queue.loss or "", loss_names)
    rest = {
        name: t.maximum(0.0, t.subtract(t.subtract(available[name], out[name]), lost[name]))
        for name in names
    }
    over = _split(t, amounts.overflow, rest)
    stays = {name: t.subtract(rest[name], over[name]) for name in names}
    return Content(out, over, classes.normalise(t, stays, _level(t, queue, amounts)))


def _level(t: Tape, queue: QueueDef, amounts: Amounts) -> Operand:
    return t.load(queue.depth) if queue.is_authored else amounts.level


def _record_before(
    t: Tape, queue: QueueDef, arrived: Mapping[str, Operand], *, is_fed_back: bool
) -> dict[str, Operand]:
    """The parts of the level one bin ago; before bin 0 the seed, split by the first inflow that has classes."""
    names = sorted(arrived)
    keys = tuple(part_key(queue.inflow, name) for name in names)
    if queue.seed == 0.0 or not is_fed_back:
        starts = [Split(queue.seed, keys, k) if queue.seed else 0.0 for k in range(len(names))]
        return {
            name: t.load(part_key(queue.depth, name), 1, start)
            for name, start in zip(names, starts, strict=True)
        }
    is_first = t.is_open(t.bins, 0)
    total = classes.add_up(t, arrived)
    before = {}
    for name in names:
        share = t.divide(t.multiply(queue.seed, arrived[name]), total)
        start = t.choose(t.greater(total, 0.0), share, queue.seed / len(names))
        before[name] = t.choose(is_first, start, t.load(part_key(queue.depth, name), 1))
    return before


def _leave(
    t: Tape, amount: Operand, available: Mapping[str, Operand], key: str, own: Sequence[str]
) -> dict[str, Operand]:
    """``amount`` in the mix of the series ``key`` where it has classes of its own, else in that of the content."""
    if not own:
        return _split(t, amount, available)
    mix = {name: t.load(part_key(key, name)) for name in sorted(own)}
    parts = _split(t, amount, mix)
    return {name: parts.get(name, 0.0) for name in available}


def _split(t: Tape, amount: Operand, mix: Mapping[str, Operand]) -> dict[str, Operand]:
    whole = classes.add_up(t, mix)
    return {name: t.divide(t.multiply(amount, t.fin(part)), whole) for name, part in mix.items()}


def split_seed(seed: float, parts: Sequence[np.ndarray]) -> list[float]:
    """``seed`` by the shares of the first bin that holds something, equally if there is none."""
    stack = np.array([np.where(np.isfinite(part), part, 0.0) for part in parts])
    totals = stack.sum(axis=0)
    filled = np.flatnonzero(totals > 0)
    if not filled.size:
        return [seed / len(parts)] * len(parts)
    first = int(filled[0])
    return [float(share) for share in seed * stack[:, first] / totals[first]]
