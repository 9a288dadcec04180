"""What the accelerator does of a run beyond its series: metrics and the first look of the checks (engine §17-§19, §24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..checks.noticed import PreparedChecks, prepare_checks
from ..metrics.derived import PreparedMetrics, complete_metrics
from ..native.code import Assembler, Code, Execution
from ..native.metrics import Places, emit_metrics, has_paths, rank_rows
from ..space.layout import Layout
from ..space.state import State


@dataclass(frozen=True, slots=True)
class Native:
    """The steps of a plan. Those from ``first`` to ``last`` are of metrics and checks and go strip by strip, those from
    there to ``end`` go once over the whole window.

    ``overflown`` is where it says that something grew beyond all numbers. ``has_latency``: flow latency is among it.
    """

    code: Code
    first: int
    last: int
    end: int
    overflown: int
    has_latency: bool


def add_nodes(
    code: Assembler, whole: Layout, slots: Mapping[str, int]
) -> tuple[Native, PreparedChecks]:
    """Steps for metrics and checks behind those of the series, and the checks that read what they say."""
    places = Places(slots)
    first, overflown = len(code), code.reserve(1)
    code.emit("CLEAR")
    settled = emit_metrics(code, whole, places)
    checks = prepare_checks(whole, (code, places))
    # Node by node, so that the rows of one stay at hand from its first metric to its last check.
    code.sort(first + 1, len(code), rank_rows(whole))
    code.emit("OVERFLOWN", n=overflown)
    last = len(code)
    if settled:
        came = code.scratch(2 * code.bins)
        code.emit("CLEAR")
        for ages in settled:
            ages.emit(code, came)
        code.emit("OVERFLOWN", n=overflown)
    native = Native(code.finish(), first, last, len(code), overflown, not has_paths(whole))
    return native, checks


def derive(
    native: Native,
    execution: Execution,
    metrics: PreparedMetrics,
    checks: PreparedChecks,
    state: State,
    *,
    is_begun: bool,
) -> bool:
    """Fill the metrics; False where only numpy gets them right: something is not finite, or grew beyond all numbers.

    ``is_begun``: the strips were gone through together with those of the series.
    """
    if not is_begun:
        execution.go(native.first, native.last)
    work = execution.work
    if checks.looks is None or work[checks.looks.missing]:
        return False
    if native.end > native.last:
        execution.once(native.last, native.end)
    if work[native.overflown]:
        return False
    return complete_metrics(metrics, state, has_latency=native.has_latency)
