"""Ends of the modelled world: what a sink serves where its author does not say it (engine §12.9)."""

from __future__ import annotations

from ..program.tape import Operand, Tape


def record_served(arrivals: str, errors: str, t: Tape) -> Operand:
    """What arrives and is no error."""
    return t.maximum(0.0, t.subtract(t.load(arrivals), t.load(errors)))
