"""Findings about evaluated series: every warning of engine §19, by theme.

``prepare_checks`` settles before the first run what can be looked for, ``run_checks`` looks for it. What is found is put into words
when the warnings are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..metrics.inputs import NOTHING, Bound, Inputs, cut_strips
from ..native.checks import Looks, Screen, Strip, emit_looks, emit_screen
from ..native.code import Assembler
from ..native.metrics import Places, rank_rows
from ..results.records import Warning
from ..space.layout import Layout
from ..space.stacks import Pick, pick
from ..space.state import State
from .context import Check, Context, Run, make_context
from .findings import from_finding
from .flows import prepare_flows
from .hits import Batch, Hit, merge
from .ledgers import prepare_ledgers, prepare_queue_ledgers
from .levels import prepare_levels
from .mechanisms import prepare_mechanisms
from .single import prepare_single
from .static import find_static
from .stocks import counted_inputs, prepare_silence, prepare_stocks
from .trends import prepare_trends


@dataclass(frozen=True, slots=True)
class PreparedChecks:
    """The checks that the model has something for, and the warnings that need no run.

    ``strips`` are those of each strip of nodes, ``overall`` all others. ``others`` are rows that queues and retries
    read and that are no gathered role, ``temporaries`` what they read that has no row. ``screens`` are the
    checks of all strips for a run at which the accelerator has looked, ``looks`` what it says of the roles ``inputs``.
    """

    strips: tuple[tuple[Check, ...], ...]
    overall: tuple[Check, ...]
    static: tuple[Warning, ...]
    others: Pick
    temporaries: tuple[str, ...]
    screens: tuple[Screen, ...] = ()
    looks: Looks | None = None
    inputs: Inputs | None = None

    def has_gaps(self, state: State, bounds: Sequence[Bound]) -> bool:
        """Whether anything that is read is not finite; mostly settled by what the gathering of roles has seen."""
        return bool(
            any(bound.broken for bound in bounds)
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


def prepare_checks(whole: Layout, native: tuple[Assembler, Places] | None = None) -> PreparedChecks:
    """Resolve everything that does not change from run to run; ``native`` takes steps that look in passing."""
    context = make_context(whole, whole.metrics.places)
    keys = {key for counted in counted_inputs(context) for key in counted.keys}
    keys -= {key for place in context.places.values() for key in place.roles.values()}
    nodes = cut_strips(list(whole.metrics.places), whole.expanded.model.grid.bins)
    strips = tuple(_strip_checks(make_context(whole, chosen)) for chosen in nodes)
    looks: Looks | None = None
    screens: tuple[Screen, ...] = ()
    if native is not None:
        looks, screens = _screen(*native, context, sorted(keys))
    return PreparedChecks(
        strips=strips,
        overall=(
            *prepare_stocks(context),
            *prepare_flows(context),
            *prepare_mechanisms(context),
            *prepare_single(context),
            *prepare_ledgers(context),
        ),
        static=find_static(context),
        others=pick([context.rows[key] for key in sorted(keys) if key in context.rows]),
        temporaries=tuple(sorted(key for key in keys if key not in context.rows)),
        screens=screens,
        looks=looks,
        inputs=context.inputs if native is not None else None,
    )


def _screen(
    code: Assembler, places: Places, context: Context, others: Sequence[str]
) -> tuple[Looks, tuple[Screen, ...]]:
    """Steps that look at every role, and for each check of nodes."""
    ranks, rows = rank_rows(context.whole), [places[key] for key in others]
    looks = emit_looks(code, context.inputs, rows, places, ranks)
    screens = tuple(
        screen
        for check in _strip_checks(context)
        for screen in emit_screen(code, check, context, looks, places)
    )
    return looks, screens


def _strip_checks(context: Context) -> tuple[Check, ...]:
    return (
        *prepare_levels(context),
        *prepare_silence(context),
        *prepare_trends(context),
        *prepare_queue_ledgers(context),
    )


def run_checks(prepared: PreparedChecks, state: State, bounds: Sequence[Bound]) -> Noticed:
    """Look for everything in one evaluated state, findings of the evaluation included.

    ``bounds`` are the roles of each strip, as ``compute_metrics`` gathered them.
    """
    with np.errstate(all="ignore"):
        has_gaps = prepared.has_gaps(state, bounds)
        found = _look_overall(prepared, state, has_gaps=has_gaps)
        for checks, bound in zip(prepared.strips, bounds, strict=True):
            run = Run(state, bound, has_gaps)
            found += [hit for check in checks for hit in check.find(run)]
    return _notice(prepared, state, found)


def read_screens(prepared: PreparedChecks, state: State, work: np.ndarray) -> Noticed:
    """The same where the accelerator has looked: ``work`` holds its marks."""
    if prepared.looks is None or prepared.inputs is None:
        raise ValueError("nothing has looked at this run")
    with np.errstate(all="ignore"):
        has_gaps = bool(work[prepared.looks.gaps])
        found = _look_overall(prepared, state, has_gaps=has_gaps)
        strip = Strip(state, prepared.inputs, has_gaps=has_gaps)
        found += [hit for screen in prepared.screens for hit in screen.find(strip, work)]
    return _notice(prepared, state, found)


def _look_overall(prepared: PreparedChecks, state: State, *, has_gaps: bool) -> list[Hit | Batch]:
    """All that is no matter of single nodes."""
    run = Run(state, NOTHING, has_gaps)
    return [hit for check in prepared.overall for hit in check.find(run)]


def _notice(prepared: PreparedChecks, state: State, found: Sequence[Hit | Batch]) -> Noticed:
    """What was found, and what was noticed while evaluating."""
    findings = (from_finding(finding) for finding in state.findings)
    return Noticed(prepared.static, (*found, *findings))
