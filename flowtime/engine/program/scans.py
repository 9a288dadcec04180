"""Queues that do not depend on each other, scanned side by side in blocks that fit the processor's cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..expansion.draft import ZERO
from ..expansion.expanded import QueueDef
from ..kernels.queue import ANCHOR, scan_block


@dataclass(frozen=True, slots=True)
class Scan:
    """The levels of n queues: rows of the space to read and to write, and the seeds.

    ``losers`` are the positions of the queues that have a loss. ``is_proven``: no input can be anything but finite.
    """

    keys: tuple[str, ...]
    inflows: np.ndarray
    outflows: np.ndarray
    losses: np.ndarray
    losers: np.ndarray
    depths: np.ndarray
    seeds: np.ndarray
    is_proven: bool

    def run(self, space: np.ndarray) -> np.ndarray:
        """Fill the rows of the levels; returns what each queue was short of over the whole window, shape (n,)."""
        level = self.seeds
        shortage = np.zeros(len(self.keys))
        for start in range(0, space.shape[1], ANCHOR):
            stop = start + ANCHOR
            block = self._net(space, start, stop)
            shortage += scan_block(block, level)
            space[self.depths, start:stop] = block
            level = block[:, -1]
        return shortage

    def _net(self, space: np.ndarray, start: int, stop: int) -> np.ndarray:
        net = self._read(space, self.inflows, start, stop)
        net -= self._read(space, self.outflows, start, stop)
        if len(self.losers) == len(self.keys):
            net -= self._read(space, self.losses, start, stop)
        elif len(self.losers):
            net[self.losers] -= self._read(space, self.losses, start, stop)
        return net

    def _read(self, space: np.ndarray, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
        found: np.ndarray = space[rows, start:stop]
        if not self.is_proven:
            found[~np.isfinite(found)] = 0.0
        return found


def plan_scan(queues: Sequence[QueueDef], slots: Mapping[str, int], *, is_proven: bool) -> Scan:
    """Resolve queues to rows, in the given order; what has no row reads as zeros."""
    losers = [k for k, queue in enumerate(queues) if queue.loss in slots]
    return Scan(
        keys=tuple(queue.key for queue in queues),
        inflows=_rows([queue.inflow for queue in queues], slots),
        outflows=_rows([queue.outflow for queue in queues], slots),
        losses=_rows([queues[k].loss or "" for k in losers], slots),
        losers=np.array(losers, dtype=np.intp),
        depths=_rows([queue.depth for queue in queues], slots),
        seeds=np.array([queue.seed for queue in queues]),
        is_proven=is_proven,
    )


def _rows(keys: Sequence[str], slots: Mapping[str, int]) -> np.ndarray:
    return np.array([slots.get(key, slots[ZERO]) for key in keys], dtype=np.intp)
