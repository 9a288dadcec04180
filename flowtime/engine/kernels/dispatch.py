"""Dispatch schedules: when the gate is open, and what it lets through (engine §12.5)."""

from __future__ import annotations

import numpy as np

from ..expansion.expanded import Gate
from ..program.tape import Operand, Tape


def open_bins(period: int, phase: int, bins: int) -> np.ndarray:
    """A mask of shape (bins,): every ``period`` bins from ``phase`` on."""
    mask = np.zeros(bins, dtype=bool)
    mask[phase::period] = True
    return mask


def opened(gate: Gate, bins: int) -> np.ndarray:
    """The bins that a schedule opens."""
    return open_bins(gate.period, gate.phase, bins)


def let_through(t: Tape, gate: Gate, offered: Operand) -> Operand:
    """Nothing where closed; where open what is offered, up to the capacity if that is finite."""
    passed = offered
    if gate.capacity is not None:
        capacity = t.load(gate.capacity)
        limited = t.minimum(offered, t.maximum(0.0, capacity))
        passed = t.choose(t.is_finite(capacity), limited, offered)
    return t.choose(t.is_open(gate.period, gate.phase), passed, 0.0)
