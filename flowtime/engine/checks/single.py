"""Checks of one series each: gaps where a mechanism needs a number, and amounts that leave the model (engine §15, §18.3, §19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .context import Check, Context, Run
from .hits import Hit, Look, amounts, unknowns
from .tolerance import ABSOLUTE, exceeds

Find = Callable[[np.ndarray], Look | None]
"""Looks at one series, and gives the bins to be warned of if there are any."""


def prepare_single(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    return [check for check in _checks(context) if check.series]


@dataclass(frozen=True, slots=True)
class Single:
    """One code, found in one series at a time; ``series`` are pairs of node and key."""

    code: str
    find_in: Find
    say: str
    series: tuple[tuple[str, str], ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for node, key in self.series:
            look = self.find_in(run.state.series(key))
            if look is not None:
                yield Hit(code=self.code, node=node, say=self.say, look=look)


def _gaps(series: np.ndarray) -> Look | None:
    missing = ~np.isfinite(series)
    return unknowns(missing) if missing.any() else None


def _total(series: np.ndarray) -> Look | None:
    """What adds up to more than nothing over the window."""
    counted = np.where(np.isfinite(series), series, 0.0)
    return amounts(counted > 0.0, counted) if counted.sum() > ABSOLUTE else None


def _excess(series: np.ndarray) -> Look | None:
    """What is more than nothing in some bin."""
    known = np.where(np.isfinite(series), series, np.nan)
    bins = exceeds(known, 0.0)
    return amounts(bins, known) if bins.any() else None


def _presence(series: np.ndarray) -> Look | None:
    """What is not nothing in some bin, of either sign."""
    look = _excess(np.abs(series))
    return None if look is None else amounts(look()[0], series)


def _checks(context: Context) -> Iterable[Single]:
    expanded = context.expanded
    limited = [
        queue
        for queue in expanded.queues.values()
        if queue.limit is not None and not queue.is_authored
    ]
    yield Single(
        "wip_limit_not_finite",
        _gaps,
        "The limit of {node} is not finite in {bins}, first in bin {first}: there is no limit then.",
        tuple((queue.key, queue.limit or "") for queue in limited),
    )
    yield Single(
        "overflow_lost",
        _total,
        "{total} overflowed {node} and left the model, first in bin {first}.",
        tuple((q.key, q.overflow or "") for q in limited if q.overflow_target is None),
    )
    yield Single(
        "constraint_capacity_not_finite",
        _gaps,
        "The capacity of constraint {node} is not finite in {bins}, first in bin {first}: it does not "
        "act then.",
        tuple((constraint.id, constraint.capacity) for constraint in expanded.constraints.values()),
    )
    yield Single(
        "retries_abandoned",
        _total,
        "{total} failures of {node} are never tried again, the first in bin {first}.",
        tuple(
            (retry.node, retry.abandoned) for retry in expanded.retries.values() if retry.abandoned
        ),
    )
    yield Single(
        "router_unrouted_flow",
        _excess,
        "{node} has no route for {total} of its input, first in bin {first}.",
        tuple((router.node or router.id, router.unrouted) for router in expanded.routers.values()),
    )
    yield Single(
        "class_partial",
        _presence,
        "The arrivals of {node} have classes but its served has none, {total} from bin {first} on.",
        tuple(
            (place.id, place.roles["served"])
            for place in context.places.values()
            if place.has("arrivals", "served")
            and context.classes_of(place.roles["arrivals"])
            and not context.classes_of(place.roles["served"])
        ),
    )
