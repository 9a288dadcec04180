"""Findings about evaluated series: every warning of engine §19, by theme.

``prepare`` settles before the first run what can be looked for, ``run`` looks for it. What is found is put into words
when the warnings are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..expanded import Expanded
from ..inputs import Inputs
from ..records import SeriesInfo, Warning
from ..state import State
from .codes import SEVERITIES
from .context import Check, Run, make_context
from .findings import from_finding
from .flows import prepare_flows
from .hits import Hit, merge
from .ledgers import prepare_ledgers
from .levels import prepare_levels
from .mechanisms import prepare_mechanisms
from .static import find_static
from .stocks import prepare_stocks
from .trends import prepare_trends

__all__ = ["SEVERITIES", "Noticed", "PreparedChecks", "prepare", "run", "static_warnings"]


@dataclass(frozen=True, slots=True)
class PreparedChecks:
    """The checks that the model has something for, and the warnings that need no run."""

    checks: tuple[Check, ...]
    static: tuple[Warning, ...]
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Noticed:
    """What one run is to be warned of; ``warnings`` looks at the bins and writes the sentences."""

    static: tuple[Warning, ...]
    hits: tuple[Hit, ...]

    def warnings(self) -> tuple[Warning, ...]:
        """Sorted by severity, node and code; one a node and code."""
        return merge((*self.static, *(hit.warning() for hit in self.hits)))


def prepare(expanded: Expanded, index: Sequence[SeriesInfo]) -> PreparedChecks:
    """Resolve everything that does not change from run to run."""
    context = make_context(expanded, index)
    checks = [
        *prepare_levels(context),
        *prepare_stocks(context),
        *prepare_trends(context),
        *prepare_flows(context),
        *prepare_mechanisms(context),
        *prepare_ledgers(context),
    ]
    return PreparedChecks(tuple(checks), find_static(context), context.inputs)


def static_warnings(plan: Any) -> tuple[Warning, ...]:
    """The warnings that are known before any run."""
    prepared: PreparedChecks = plan.prepared["checks"]
    return prepared.static


def run(plan: Any, state: State) -> Noticed:
    """Look for everything in one evaluated state, findings of the evaluation included."""
    prepared: PreparedChecks = plan.prepared["checks"]
    bound = state.bound or prepared.inputs.gather(state.values)
    state.bound = None
    current = Run(state, bound)
    with np.errstate(all="ignore"):
        hits = [hit for check in prepared.checks for hit in check.find(current)]
    hits += [from_finding(finding) for finding in state.findings]
    return Noticed(prepared.static, tuple(hits))
