"""A compiled model: what will be computed, in which order and into which rows, decided once (engine §11, §23.2)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..checks.noticed import PreparedChecks, prepare_checks
from ..edges.volumes import PreparedEdges, prepare_edges
from ..errors import DocumentError, Problem
from ..expansion.expand import expand
from ..expansion.expanded import Expanded
from ..expansion.places import bound_roles
from ..graph.cycles import algebraic_cycles
from ..graph.dependencies import Graph, build_graph, stepped_queues
from ..kernels.retry import attempts_within
from ..limits import Limits
from ..metrics.derived import PreparedMetrics, prepare_metrics
from ..model.model import Model
from ..native.code import Assembler
from ..native.library import Library, load
from ..program.program import Program, compile_program
from ..results.records import SeriesInfo, Warning
from ..results.result import Result
from ..space.layout import settle_layout
from .natively import Native, add_nodes
from .run import run_plan
from .supplies import can_override, check_supplies

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An immutable recipe for runs of one model; may be run many times and concurrently.

    ``rows`` maps a key (bare id or ``id@Class``) to its row of ``Result.values``, which follows ``index``. ``classes``
    names the classes that occur in each series that has any. ``order`` lists the vertices as they are evaluated.
    ``edges``, ``metrics`` and ``checks`` are what was settled about them before the first run, ``native``
    the steps that the accelerator takes where this machine has it.
    """

    model: Model
    expanded: Expanded = field(repr=False)
    limits: Limits = field(repr=False)
    index: tuple[SeriesInfo, ...] = field(repr=False)
    rows: Mapping[str, int] = field(repr=False)
    classes: Mapping[str, tuple[str, ...]] = field(repr=False)
    order: tuple[str, ...] = field(repr=False)
    edges: PreparedEdges = field(repr=False)
    metrics: PreparedMetrics = field(repr=False)
    checks: PreparedChecks = field(repr=False)
    graph: Graph = field(repr=False)
    program: Program = field(repr=False)
    native: Native | None = field(repr=False)

    @property
    def series_ids(self) -> tuple[str, ...]:
        """Every full series id of a result, in the order of its rows."""
        return tuple(info.series_id for info in self.index)

    @property
    def roles(self) -> dict[str, dict[str, str]]:
        """Per topology node and role the key of the series bound to it, after everything was added (engine §10)."""
        return {node: bound_roles(self.expanded, node) for node in self.expanded.roles}

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """What is known to be odd before any run."""
        return self.checks.static

    @property
    def source_texts(self) -> tuple[str, ...]:
        """The external arrays that a run needs; series that are overridden need none."""
        texts = (supply.given.source for supply in self.program.supplies)
        return tuple(dict.fromkeys(text for text in texts if text is not None))

    @property
    def computed_depths(self) -> frozenset[str]:
        """The queue depths that the engine computes: neither authored nor overridden (engine §12.4)."""
        return frozenset(q.depth for q in self.expanded.queues.values() if not q.is_authored)

    def check(
        self,
        *,
        sources: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise SourceError with everything that ``run`` would refuse about its arrays; evaluates nothing."""
        check_supplies(
            self.expanded, self.program.supplies, dict(sources or {}), dict(overrides or {})
        )

    def run(
        self,
        *,
        sources: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        replicate: int = 0,
        progress: Callable[[float, str], object] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> Result:
        """Evaluate the model once.

        ``sources`` are arrays of shape (bins,) by source text, ``overrides`` arrays or numbers by bare id or
        ``id@Class``; ``replicate`` selects an independent sample. ``progress(fraction, phase)`` is called at most
        100 times, ``cancel()`` before each phase, each component and at least every 4,096 bins of a loop. Raises
        SourceError with everything that does not fit, and Cancelled.
        """
        return run_plan(
            self,
            sources=dict(sources or {}),
            overrides=dict(overrides or {}),
            replicate=operator.index(replicate),
            progress=progress,
            cancel=cancel,
        )

    def describe(self) -> dict[str, Any]:
        """Vertices with their lags, components in order, and the size of a result, as plain data."""
        graph = self.graph
        return {
            "bins": self.model.grid.bins,
            "series": len(self.index),
            "cells": len(self.index) * self.model.grid.bins,
            "vertices": [
                {
                    "id": name,
                    "series": list(graph.vertices[name].outputs),
                    "dependencies": [
                        {"id": source, "lag": lag}
                        for source, lag in sorted(graph.reads[name].items())
                    ],
                }
                for name in self.order
            ],
            "components": [
                {
                    "kind": "feedback" if component.kind == "feedback" else "vector",
                    "vertices": list(component.vertices),
                }
                for component in graph.components
            ],
        }


def compile_model(
    model: Model, *, overrides: Iterable[str] = (), limits: Limits = _DEFAULT_LIMITS
) -> Plan:
    """Settle everything about ``model`` that does not depend on data; ``overrides`` are the ids to be overridden.

    Raises DocumentError: ``limit_exceeded`` where the result would have more than ``limits.max_cells`` cells, before
    anything of that size is allocated.
    """
    return build_plan(model, overrides=overrides, limits=limits, library=load())


def evaluate(
    model: Model,
    *,
    sources: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    replicate: int = 0,
    progress: Callable[[float, str], object] | None = None,
    cancel: Callable[[], bool] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> Result:
    """Compile ``model`` and run it once; arguments and errors as those of ``compile_model`` and ``Plan.run``."""
    plan = compile_model(model, overrides=overrides or (), limits=limits)
    return plan.run(
        sources=sources,
        overrides=overrides,
        replicate=replicate,
        progress=progress,
        cancel=cancel,
    )


def build_plan(
    model: Model,
    *,
    overrides: Iterable[str],
    limits: Limits,
    library: Library | None,
    is_stepwise: bool = False,
) -> Plan:
    """``compile_model`` for the accelerator ``library``, or for numpy alone.

    ``is_stepwise`` evaluates everything bin by bin (see ``build_graph``).
    """
    named = frozenset(overrides)
    expanded = expand(model)
    known = frozenset(name for name in named if can_override(expanded, name))
    stepped: frozenset[str] = frozenset()
    if known:
        # A scan rounds otherwise than a recurrence: what is observed must not decide which of them a queue gets.
        stepped = stepped_queues(build_graph(expanded))
        expanded = expand(model, known)
    _check_cells(_attempts(expanded), model, limits)
    graph = build_graph(expanded, stepped=stepped, is_stepwise=is_stepwise)
    problems = algebraic_cycles(graph)
    if problems:
        raise DocumentError(tuple(problems))

    classes = {
        key: graph.flow.of(key)
        for key in graph.flow.classes
        if key in expanded.series and not expanded.series[key].is_temporary
    }
    layout = settle_layout(expanded, classes)
    _check_cells(len(layout.index), model, limits)
    code = Assembler(library, model.grid.bins) if library is not None else None
    program = compile_program(graph, layout.rows, code)
    metrics = prepare_metrics(layout)
    native, checks = None, None
    if code is not None:
        native, checks = add_nodes(code, layout, program.slots)
    _check_cells(program.height - len(layout.index), model, limits)
    return Plan(
        model=model,
        expanded=expanded,
        limits=limits,
        index=layout.index,
        rows=layout.rows,
        classes=classes,
        order=tuple(name for c in graph.components for name in c.vertices),
        edges=prepare_edges(layout),
        metrics=metrics,
        checks=checks or prepare_checks(layout),
        graph=graph,
        program=program,
        native=native,
    )


def _attempts(expanded: Expanded) -> int:
    """Series that attempt budgets need beside those of the index (engine §12.10)."""
    bins = expanded.model.grid.bins
    retries = [retry for retry in expanded.retries.values() if retry.budget_attempts]
    return len(expanded.series) + sum(attempts_within(retry, bins) for retry in retries)


def _check_cells(series: int, model: Model, limits: Limits) -> None:
    cells = series * model.grid.bins
    if cells > limits.max_cells:
        message = (
            f"max_cells is {limits.max_cells}, found {cells}: "
            f"{series} series of {model.grid.bins} bins"
        )
        raise DocumentError((Problem("limit_exceeded", message, "grid.bins"),))
