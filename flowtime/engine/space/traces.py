"""Effective amounts of queues, worked out from their levels when somebody asks (engine §12.4.1, §18.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ..expansion.expanded import Expanded, QueueDef
from ..kernels.queue import trace
from .state import QueueTrace, State

NOTHING = 1e-9
"""A shortage this small is rounding."""


class QueueTraces(Mapping[str, QueueTrace]):
    """The trace of every queue in ``queues``; each is computed once."""

    def __init__(self, queues: Mapping[str, QueueDef], state: State) -> None:
        self._queues = queues
        self._state = state
        self._known: dict[str, QueueTrace] = {}

    def __getitem__(self, key: str) -> QueueTrace:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _trace(self._queues[key], self._state)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._queues)

    def __len__(self) -> int:
        return len(self._queues)


def owned_queues(expanded: Expanded) -> dict[str, QueueDef]:
    """The queues whose level is neither authored nor overridden."""
    return {key: queue for key, queue in expanded.queues.items() if not queue.is_authored}


def is_short(queue: QueueDef, state: State) -> bool:
    """Whether a queue was promised more than it held, in any bin."""
    return bool(_trace(queue, state).unmet.max() > NOTHING)


def _trace(queue: QueueDef, state: State) -> QueueTrace:
    return trace(
        state.series(queue.inflow),
        state.series(queue.outflow),
        state.series(queue.loss) if queue.loss else np.zeros(state.bins),
        state.series(queue.depth),
        queue.seed,
        is_limited=queue.limit is not None,
    )
