"""What one evaluation knows so far: a matrix of series that the phases fill row by row. Internal to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class QueueTrace:
    """Effective amounts of one queue (engine §12.4.1), each of shape (bins,): what the ledger is made of."""

    inflow: np.ndarray
    out: np.ndarray
    lost: np.ndarray
    overflow: np.ndarray
    depth: np.ndarray
    unmet: np.ndarray
    seed: float


@dataclass(slots=True)
class Finding:
    """Something noticed while evaluating, before it becomes a warning: where, in which bins, how much.

    ``amount`` has shape (bins,) and is 0 (or NaN) outside the bins concerned; ``note`` adds facts to the message.
    """

    code: str
    node: str | None
    bins: np.ndarray | None = None
    amount: np.ndarray | None = None
    class_id: str | None = None
    note: str = ""


@dataclass(slots=True)
class State:
    """``values`` is the (n, bins) matrix of ``Result.values``; ``rows`` maps a key (bare id or ``id@Class``) to its row.

    Temporaries live in ``temporaries``. ``series(key)`` finds either; a class that a series does not have is zeros.
    ``queues`` has the effective amounts of every queue whose level the engine computes, worked out when first asked
    for. ``short`` names those that were promised more than they held in some bin; of the others everything promised
    has left.
    """

    bins: int
    bin_minutes: float
    values: np.ndarray
    rows: Mapping[str, int]
    temporaries: dict[str, np.ndarray] = field(default_factory=dict)
    queues: Mapping[str, QueueTrace] = field(default_factory=dict)
    short: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    def series(self, key: str) -> np.ndarray:
        row = self.rows.get(key)
        if row is not None:
            view: np.ndarray = self.values[row]
            return view
        found = self.temporaries.get(key)
        return found if found is not None else np.zeros(self.bins)
