"""Edge series computed from the node series they report on (engine §14.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..space.stacks import Pick, pick, store, target
from ..space.state import State
from .layout import Delayed, EchoSplit, EdgeLayout, Rate, Remainder

if TYPE_CHECKING:
    from ..space.layout import Layout


@dataclass(frozen=True, slots=True)
class PreparedEdges:
    """Everything about edges that does not change from run to run."""

    layout: EdgeLayout
    outs: Pick
    sources: Pick
    factors: np.ndarray
    zeros: tuple[int, ...]
    metrics: Mapping[str, Mapping[str, str]]


def prepare_edges(whole: Layout) -> PreparedEdges:
    """Resolve the layout to rows of the matrix; a class that a series lacks counts as zero."""
    layout, rows = whole.edges, whole.rows
    known = [scaled for scaled in layout.scaled if scaled.source in rows]
    metrics: dict[str, dict[str, str]] = {
        edge.id: {} for edge in whole.expanded.model.topology.edges
    }
    for row in layout.rows:
        if row.class_id is None:
            metrics[row.edge][row.metric] = row.key
    return PreparedEdges(
        layout=layout,
        outs=pick([rows[scaled.out] for scaled in known]),
        sources=pick([rows[scaled.source] for scaled in known]),
        factors=np.array([[scaled.factor] for scaled in known]).reshape(len(known), 1),
        zeros=tuple(rows[s.out] for s in layout.scaled if s.source not in rows),
        metrics=metrics,
    )


def compute_edges(prepared: PreparedEdges, state: State) -> None:
    """Fill the rows of every edge series; node series, classes and queues are complete before."""
    layout = prepared.layout
    if not layout.rows:
        return
    values = state.values
    values[list(prepared.zeros)] = 0.0
    with np.errstate(all="ignore"):
        out = target(values, prepared.outs)
        np.multiply(values[prepared.sources], prepared.factors, out=out)
        store(values, prepared.outs, out)
        for remainder in layout.remainders:
            _fill_remainder(remainder, state)
        for delayed in layout.delayed:
            _fill_delayed(delayed, state)
        for split in layout.splits:
            _fill_split(split, state)
        for rate in layout.rates:
            _fill_rate(rate, state)


def _fill_remainder(remainder: Remainder, state: State) -> None:
    rest = state.series(remainder.served).copy()
    for key in remainder.carried:
        rest -= state.series(key)
    # Rounding may leave a hair below zero where the matching edges carry everything.
    np.maximum(rest, 0.0, out=rest)
    np.multiply(rest, remainder.factor, out=state.series(remainder.out))


def _fill_delayed(delayed: Delayed, state: State) -> None:
    volume, arrived = state.series(delayed.volume), state.series(delayed.arrived)
    lag = min(delayed.lag, state.bins)
    arrived[:lag] = 0.0
    arrived[lag:] = volume[: state.bins - lag]
    # A missing observation is counted as nothing, or the stock under way would be lost for good.
    change = np.where(np.isfinite(volume), volume, 0.0)
    change[lag:] -= change[: state.bins - lag].copy()
    np.cumsum(change, out=state.series(delayed.transit))


def _fill_split(split: EchoSplit, state: State) -> None:
    flows = np.array([state.series(key) for key in split.flows])
    total = flows.sum(axis=0)
    shares = np.where(total == 0.0, 1.0 / len(flows), flows / total)
    echo = state.series(split.echo)
    for key, share in zip(split.outs, shares, strict=True):
        np.multiply(echo, share, out=state.series(key))


def _fill_rate(rate: Rate, state: State) -> None:
    failures, attempts = state.series(rate.failures), state.series(rate.attempts)
    share = np.where(attempts > 0.0, failures / attempts, np.nan)
    share[~np.isfinite(share)] = np.nan
    state.series(rate.out)[:] = share
