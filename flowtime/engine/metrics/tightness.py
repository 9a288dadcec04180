"""How much the tightest constraint of a node falls short of what was wanted (engine §12.8, §17.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..expansion.expanded import ConstraintDef, Expanded, MemberDef
from ..space.state import State


@dataclass(frozen=True, slots=True)
class Squeeze:
    """One member with its constraints, by ascending id."""

    out: int
    member: MemberDef
    constraints: tuple[ConstraintDef, ...]


def find_squeezes(expanded: Expanded, rows: Mapping[str, int]) -> tuple[Squeeze, ...]:
    """Every constrained node; ``rows`` maps a node to the row of its ``constraintShortfall``."""
    return tuple(
        Squeeze(
            rows[node],
            member,
            tuple(expanded.constraints[name] for name in sorted(set(member.constraints))),
        )
        for node, member in sorted(expanded.members.items())
        if node in rows
    )


def fill_shortfall(squeeze: Squeeze, state: State) -> None:
    """Write the shortfall of the constraint that allots the node least, in each bin; the larger one on ties."""
    shortfalls = np.array([state.series(c.shortfall) for c in squeeze.constraints])
    if len(shortfalls) == 1:
        state.values[squeeze.out] = shortfalls[0]
        return
    allotted = np.array([_allotted(c, squeeze.member, state) for c in squeeze.constraints])
    is_least = allotted <= allotted.min(axis=0)
    state.values[squeeze.out] = np.where(is_least, shortfalls, 0.0).max(axis=0)


def _allotted(constraint: ConstraintDef, member: MemberDef, state: State) -> np.ndarray:
    """What one constraint alone would allow the member (engine §12.8)."""
    wish = member.arrivals if constraint.demand_mode == "arrivals" else member.wanted
    demand, capacity = state.series(constraint.demand), state.series(constraint.capacity)
    asked = state.series(wish)
    asked = np.where(np.isfinite(asked) & (asked > 0.0), asked, 0.0)
    ceiling = np.maximum(capacity, 0.0)
    is_binding = np.isfinite(ceiling) & (demand > ceiling)
    share: np.ndarray = np.where(is_binding, asked * ceiling / demand, np.inf)
    return share
