"""One run of a plan: rows filled phase by phase, with progress and a way to stop (engine §12-§19, §23.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks.noticed import read_screens, run_checks
from ..edges.volumes import compute_edges
from ..errors import Cancelled
from ..graph.class_rules import GIVEN
from ..kernels.sampling import open_stream, sample
from ..metrics.derived import compute_metrics
from ..native.code import PIECE, Execution
from ..program.program import Program, Stage
from ..program.tape import Note
from ..results.result import Result
from ..space.state import Finding, State
from ..space.traces import QueueTraces, is_short
from .natively import derive
from .supplies import check_supplies

if TYPE_CHECKING:
    from .plan import Plan

_STEP = 0.0125
"""The least rise of the fraction between two reports: 80 of them, and the ends of five phases."""

_NOTHING = 1e-9

_ROW_BY_ROW = 16
"""The smallest buffer that numpy has."""


def run_plan(
    plan: Plan,
    *,
    sources: Mapping[str, Any],
    overrides: Mapping[str, Any],
    replicate: int,
    progress: Callable[[float, str], object] | None,
    cancel: Callable[[], bool] | None,
) -> Result:
    """Fill the rows of a new result, in the phases series, classes, edges, derived and checks."""
    program = plan.program
    watch = _Watch(progress, cancel)
    watch.begin("series")
    supplied = check_supplies(plan.expanded, program.supplies, sources, overrides)
    space = np.empty((program.height, plan.model.grid.bins))
    with np.errstate(all="ignore"):
        # With its usual buffer numpy would copy rows of a stack that are shorter than that; leaving undoes it.
        np.setbufsize(_ROW_BY_ROW)
        _fill(plan, space, supplied, replicate)
        run = _Run(plan, space)
        run.go_through(program.series_stages, watch, 0.0, 0.5)
        watch.begin("classes")
        run.go_through(program.class_stages, watch, 0.5, 0.6)
        run.read_flags()

        state = _make_state(plan, space, run)
        watch.begin("edges")
        compute_edges(plan.edges, state)
        watch.report(0.7)
        watch.begin("derived")
        bounds = None if run.derive(plan, state) else compute_metrics(plan.metrics, state)
        watch.report(0.85)
        watch.begin("checks")
        if bounds is None and run.execution is not None:
            warnings = read_screens(plan.checks, state, run.execution.work)
        else:
            warnings = run_checks(plan.checks, state, bounds or ())
    supplies = program.supplies
    result = Result(
        plan=plan,
        state=state,
        warnings=warnings,
        sources={s.given.source: supplied[s.key] for s in supplies if s.given.source},
        overrides={
            s.key.removeprefix(GIVEN): supplied[s.key] for s in supplies if s.given.is_overridden
        },
        replicate=replicate,
    )
    watch.report(1.0)
    return result


def _fill(
    plan: Plan, space: np.ndarray, supplied: Mapping[str, np.ndarray], replicate: int
) -> None:
    """Rows that depend on no other: constants, sources, samples and overrides."""
    program, rng = plan.program, plan.model.rng
    rows, column = program.numbers
    space[rows] = column
    for slot, array in program.arrays:
        space[slot] = array
    for supply in program.supplies:
        node = supply.given.sampled
        if node is None:
            space[supply.slot] = supplied[supply.key]
            continue
        stream = open_stream(rng.seed, node.id, replicate)
        drawn = sample(node.values, node.probabilities, stream, space.shape[1])
        weights = supply.given.weights
        space[supply.slot] = drawn if weights is None else drawn * weights


class _Run:
    """The working set of one run: views of the rows that generated code names, scratch, and what it noticed."""

    def __init__(self, plan: Plan, space: np.ndarray) -> None:
        bins, program = space.shape[1], plan.program
        self.program: Program = program
        self.native = plan.native
        self.execution = plan.native.code.begin(space) if plan.native is not None else None
        self.is_begun = False
        stages = (*program.series_stages, *program.class_stages)
        has_edges = bool(plan.edges.layout.rows)
        is_joined = bool(stages) and not has_edges and not stages[-1].is_alone
        self.joined = stages[-1] if is_joined else None
        rows, masks = program.scratch
        self.space = space
        self.rows = [space[slot] for slot in program.used]
        self.scratch = list(np.empty((rows, bins)))
        self.masks = list(np.empty((masks, bins), dtype=bool))
        self.notes: list[tuple[int, Any]] = []
        self.short: list[str] = []

    def go_through(self, stages: Sequence[Stage], watch: _Watch, start: float, stop: float) -> None:
        """Run the stages in order while the fraction rises from ``start`` to ``stop``."""
        ask = None if watch.is_idle else _Steps(watch, stages, start, stop)
        watch.check()
        for stage in stages:
            for _ in self._begin(stage, ask):
                watch.check()
            if ask is not None:
                ask()
        watch.report(stop)

    def _begin(self, stage: Stage, ask: Callable[[], None] | None) -> Iterable[None]:
        """Run a stage; a loop is returned to be gone through, stretch by stretch."""
        if stage.scan is not None:
            shortage = stage.scan.run(self.space)
            if shortage.max() > _NOTHING:
                keys = zip(stage.scan.keys, (shortage > _NOTHING).tolist(), strict=True)
                self.short += [key for key, is_short in keys if is_short]
        elif stage.steps and self.native is not None and self.execution is not None:
            if ask is not None:
                return self._step(self.execution, stage, ask)
            last = stage.steps[-1][1]
            # What reads no edges may follow while the rows of each strip are at hand.
            self.is_begun = stage is self.joined
            self.execution.go(stage.steps[0][0], self.native.last if self.is_begun else last)
        elif stage.code is not None:
            found = stage.code(self.rows, self.scratch, self.masks, self.notes, ask)
            return found if stage.is_loop else ()
        return ()

    def _step(self, execution: Execution, stage: Stage, ask: Callable[[], None]) -> Iterator[None]:
        """The components of a stage one after another, in pieces."""
        for number, (first, last) in enumerate(stage.steps):
            if number:
                ask()
            for start in range(0, self.space.shape[1], PIECE):
                yield
                execution.go(first, last, start, start + PIECE)

    def read_flags(self) -> None:
        """Take over what the accelerator noticed; notes are in the order of the stages."""
        if self.execution is None:
            return
        work = self.execution.work
        for position, (number, flag) in enumerate(self.program.noted):
            if work[flag]:
                self.notes.append((number, self.execution.notes[position].copy()))
        self.notes.sort(key=itemgetter(0))
        self.short += [key for key, at in self.program.shortages if work[at] > _NOTHING]

    def derive(self, plan: Plan, state: State) -> bool:
        """Whether the accelerator has filled the metrics."""
        if self.native is None or self.execution is None:
            return False
        return derive(
            self.native, self.execution, plan.metrics, plan.checks, state, is_begun=self.is_begun
        )


def _make_state(plan: Plan, space: np.ndarray, run: _Run) -> State:
    program, grid = plan.program, plan.model.grid
    state = State(
        bins=grid.bins,
        bin_minutes=float(grid.bin_minutes),
        values=space[: len(plan.index)],
        rows=plan.rows,
        temporaries={key: space[slot] for key, slot in program.kept.items()},
    )
    # A copy, or the state would hold itself: its arrays must go as soon as nobody needs them.
    state.queues = QueueTraces(program.queues, replace(state))
    short = [queue.key for queue in program.stepped if is_short(queue, state)]
    state.short = frozenset((*run.short, *short))
    state.findings += [
        _finding(program.notes[number], bins, grid.bins) for number, bins in run.notes if len(bins)
    ]
    state.findings += [Finding("class_unresolved", node) for node in plan.graph.flow.unresolved]
    return state


def _finding(note: Note, found: Any, bins: int) -> Finding:
    """A note as a finding; vertices report a mask over all bins, loops the list of bins."""
    mask = found
    if isinstance(found, list):
        mask = np.zeros(bins, dtype=bool)
        mask[found] = True
    return Finding(note.code, note.node, bins=mask)


class _Watch:
    """Reports progress, seldom enough, and asks whether to stop, often enough."""

    def __init__(
        self, progress: Callable[[float, str], object] | None, cancel: Callable[[], bool] | None
    ) -> None:
        self._progress = progress
        self._cancel = cancel
        self._phase = ""
        self._last = -1.0

    @property
    def is_idle(self) -> bool:
        """Whether nobody watches."""
        return self._progress is None and self._cancel is None

    def begin(self, phase: str) -> None:
        self.check()
        self._phase = phase
        if self._progress is not None and self._last < 0.0:
            self._last = 0.0
            self._progress(0.0, phase)

    def check(self) -> None:
        if self._cancel is not None and self._cancel():
            raise Cancelled

    def report(self, fraction: float) -> None:
        if self._progress is None:
            return
        if fraction >= 1.0 or fraction - self._last >= _STEP:
            self._last = min(fraction, 1.0)
            self._progress(self._last, self._phase)


class _Steps:
    """Called after each component of some stages: reports how far they are, and asks whether to stop."""

    def __init__(self, watch: _Watch, stages: Sequence[Stage], start: float, stop: float) -> None:
        self._watch = watch
        self._fraction = start
        self._rise = (stop - start) / max(sum(stage.components for stage in stages), 1)

    def __call__(self) -> None:
        self._fraction += self._rise
        self._watch.report(self._fraction)
        self._watch.check()
