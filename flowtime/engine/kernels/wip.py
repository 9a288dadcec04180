"""WIP limits: how much a queue may hold, and what overflows (engine §12.6)."""

from __future__ import annotations

from ..program.tape import Operand, Tape


def cap(t: Tape, level: Operand, limit: Operand) -> tuple[Operand, Operand]:
    """The level after the limit, and the overflow. A negative limit counts as 0, one that is not finite as none."""
    ceiling = t.maximum(0.0, limit)
    is_over = t.both(t.is_finite(limit), t.greater(level, ceiling))
    return t.choose(is_over, ceiling, level), t.choose(is_over, t.subtract(level, ceiling), 0.0)
