"""Findings about evaluated series: every warning of engine §19, by theme.

``prepare_checks`` settles before the first run what can be looked for, ``run_checks`` looks for it. What is found is put into words
when the warnings are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..evaluation.stacks import Pick, pick
from ..evaluation.state import State
from ..expansion.expanded import Expanded
from ..metrics.inputs import Bound, Inputs
from ..results.records import SeriesInfo, Warning
from .context import Check, Run, make_context
from .findings import from_finding
from .flows import prepare_flows
from .hits import Batch, Hit, merge
from .ledgers import prepare_ledgers
from .levels import prepare_levels
from .mechanisms import prepare_mechanisms
from .single import prepare_single
from .static import find_static
from .stocks import counted_inputs, prepare_stocks
from .trends import prepare_trends


@dataclass(frozen=True, slots=True)
class PreparedChecks:
    """The checks that the model has something for, and the warnings that need no run.

    ``others`` are rows that queues and retries read and that are no gathered role, ``temporaries`` what they read
    that has no row.
    """

    checks: tuple[Check, ...]
    static: tuple[Warning, ...]
    inputs: Inputs
    others: Pick
    temporaries: tuple[str, ...]

    def has_gaps(self, state: State, bound: Bound) -> bool:
        """Whether anything that is read is not finite; mostly settled by what the gathering of roles has seen."""
        return bool(
            bound.broken
            or not np.isfinite(state.values[self.others]).all()
            or not all(np.isfinite(state.series(key)).all() for key in self.temporaries)
        )


@dataclass(frozen=True, slots=True)
class Noticed:
    """What one run is to be warned of; ``warnings`` looks at the bins and writes the sentences."""

    static: tuple[Warning, ...]
    found: tuple[Hit | Batch, ...]

    def warnings(self) -> tuple[Warning, ...]:
        """Sorted by severity, node and code; one a node and code."""
        with np.errstate(all="ignore"):
            return merge((*self.static, *(hit.warning() for hit in self._hits())))

    def _hits(self) -> Iterator[Hit]:
        for found in self.found:
            if isinstance(found, Batch):
                yield from found.hits()
            else:
                yield found


def prepare_checks(expanded: Expanded, index: Sequence[SeriesInfo]) -> PreparedChecks:
    """Resolve everything that does not change from run to run."""
    context = make_context(expanded, index)
    checks = [
        *prepare_levels(context),
        *prepare_stocks(context),
        *prepare_trends(context),
        *prepare_flows(context),
        *prepare_mechanisms(context),
        *prepare_single(context),
        *prepare_ledgers(context),
    ]
    keys = {key for counted in counted_inputs(context) for key in counted.keys}
    keys -= {key for place in context.places.values() for key in place.roles.values()}
    return PreparedChecks(
        checks=tuple(checks),
        static=find_static(context),
        inputs=context.inputs,
        others=pick([context.rows[key] for key in sorted(keys) if key in context.rows]),
        temporaries=tuple(sorted(key for key in keys if key not in context.rows)),
    )


def run_checks(plan: Any, state: State) -> Noticed:
    """Look for everything in one evaluated state, findings of the evaluation included."""
    prepared: PreparedChecks = plan.prepared["checks"]
    bound = state.bound or prepared.inputs.gather(state.values)
    state.bound = None
    with np.errstate(all="ignore"):
        current = Run(state, bound, prepared.has_gaps(state, bound))
        found = [hit for check in prepared.checks for hit in check.find(current)]
    found += [from_finding(finding) for finding in state.findings]
    return Noticed(prepared.static, tuple(found))
