"""Checks of role series against zero and against each other (engine §19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..expansion.places import Place
from ..metrics.inputs import RoleRows
from ..space.stacks import Pick
from .codes import NEGATIVE_CODES
from .context import Check, Context, Run
from .hits import Batch, Hit, amounts, unknowns
from .tolerance import ABSOLUTE, exceeds, tolerance

_WORDS = {
    "exhaustedFailures": "exhausted failures",
    "queueDepth": "queue depth",
    "retryEcho": "retry echo",
    "retryBudgetRemaining": "retry budget",
}
_MEASURED = ("arrivals", "served", "queueDepth", "attempts", "failures", "retryEcho")


def prepare_levels(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    checks: list[Check] = [_negative(context), _non_finite(context), _idle_capacity(context)]
    return checks + list(_comparisons(context))


@dataclass(frozen=True, slots=True)
class NegativeRoles:
    """``<role>_negative``: a role whose series falls below zero."""

    pairs: tuple[tuple[str, str, str], ...]

    def find(self, run: Run) -> Iterator[Hit]:
        if run.bound.low >= -ABSOLUTE:
            return
        for node, role, key in self.pairs:
            series = run.finite(key)
            bins = -series > tolerance(series, 0.0)
            if bins.any():
                yield Hit(
                    code=NEGATIVE_CODES[role],
                    node=node,
                    say="{node} has {role} below zero from bin {first}, by up to {amount} in bin "
                    "{worst}.",
                    words={"role": _WORDS.get(role, role)},
                    look=amounts(bins, -series),
                )


def _negative(context: Context) -> NegativeRoles:
    pairs = [
        (place.id, role, place.roles[role])
        for role in NEGATIVE_CODES
        for place in context.places.values()
        if place.has(role)
    ]
    return NegativeRoles(tuple(pairs))


@dataclass(frozen=True, slots=True)
class NonFiniteRoles:
    """``non_finite_series``: an observed or computed role series with gaps (engine §5.2)."""

    nodes: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    severity: str

    def find(self, run: Run) -> Iterator[Hit]:
        for node, roles in self.nodes if run.bound.broken else ():
            broken = [pair for pair in roles if not np.isfinite(run.state.series(pair[1])).all()]
            if broken:
                yield self._hit(run, node, broken)

    def _hit(self, run: Run, node: str, roles: Sequence[tuple[str, str]]) -> Hit:
        missing = [~np.isfinite(run.state.series(key)) for _, key in roles]
        return Hit(
            code="non_finite_series",
            node=node,
            severity=self.severity,
            say="{node} has {roles} that are not finite in {bins}, first in bin {first}.",
            words={"roles": " and ".join(_WORDS.get(role, role) for role, _ in roles)},
            look=unknowns(np.logical_or.reduce(missing)),
        )


def _non_finite(context: Context) -> NonFiniteRoles:
    nodes = []
    for place in context.places.values():
        roles = tuple((role, place.roles[role]) for role in _MEASURED if place.has(role))
        nodes.append((place.id, roles))
    is_observed = context.expanded.model.mode == "telemetry"
    return NonFiniteRoles(tuple(nodes), "warning" if is_observed else "error")


@dataclass(frozen=True, slots=True)
class IdleCapacity:
    """``capacity_all_zero``: a node that can never complete anything."""

    nodes: tuple[tuple[str, str], ...]
    capacities: RoleRows | Pick

    def find(self, run: Run) -> Iterator[Hit]:
        # A capacity that is above zero everywhere settles the matter for all nodes at once.
        if self.nodes and not run.read(self.capacities).min() > ABSOLUTE:
            yield from self.report(run, np.arange(len(self.nodes)))

    def report(self, run: Run, rows: np.ndarray) -> Iterator[Hit]:
        for node, key in (self.nodes[at] for at in rows.tolist()):
            highest = np.fmax.reduce(run.state.series(key))
            if highest <= tolerance(highest, 0.0):
                yield Hit(
                    code="capacity_all_zero",
                    node=node,
                    say="The capacity of {node} is zero from bin {first} to the last: it can complete "
                    "nothing.",
                    look=unknowns(np.ones(run.state.bins, dtype=bool)),
                )


def _idle_capacity(context: Context) -> IdleCapacity:
    keys = context.metrics.keys["effectiveCapacity"]
    capacities = context.capacities(list(keys)) if keys else slice(0, 0)
    return IdleCapacity(tuple(keys.items()), capacities)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One role that must not exceed another, at all nodes where that is a rule.

    ``nodes`` are ids with the keys of both series; ``limits`` may be a derived metric, as rows of the matrix.
    """

    code: str
    above: str
    below: str
    nodes: tuple[tuple[str, str, str], ...]
    rows: RoleRows
    limits: RoleRows | Pick

    def find(self, run: Run) -> Iterator[Batch]:
        bins = exceeds(run.read(self.rows), run.read(self.limits), run.bound.largest)
        if np.count_nonzero(bins):
            yield from self.report(run, np.flatnonzero(bins.any(axis=1)))

    def report(self, run: Run, rows: np.ndarray) -> Iterator[Batch]:
        yield Batch(rows, partial(self._hit, run))

    def _hit(self, run: Run, at: int) -> Hit:
        node, above, below = self.nodes[at]
        more, less = run.finite(above), run.finite(below)
        return Hit(
            code=self.code,
            node=node,
            say="{node} has more {above} than {below} from bin {first}, up to {amount} more in bin "
            "{worst}.",
            words={"above": self.above, "below": self.below},
            look=amounts(exceeds(more, less), more - less),
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    code: str
    above: str
    below: str
    applies: Callable[[Place], bool]


def _has_no_queue(place: Place) -> bool:
    return not place.has_queue


def _is_plain(place: Place) -> bool:
    return not place.has_queue and place.category != "dependency"


def _always(_place: Place) -> bool:
    return True


_RULES = (
    _Rule("served_exceeds_arrivals", "served", "arrivals", _is_plain),
    _Rule("errors_exceed_arrivals", "errors", "arrivals", _has_no_queue),
    _Rule("attempts_below_arrivals", "arrivals", "attempts", _has_no_queue),
    _Rule("failures_exceed_attempts", "failures", "attempts", _always),
    _Rule("exhausted_exceeds_failures", "exhaustedFailures", "failures", _always),
)


def _comparisons(context: Context) -> Iterator[Comparison]:
    for rule in _RULES:
        nodes = [
            place.id
            for place in context.places.values()
            if place.has(rule.above, rule.below)
            and rule.applies(place)
            and place.roles[rule.above] != place.roles[rule.below]
        ]
        if nodes:
            yield _comparison(context, rule.code, rule.above, rule.below, nodes)
    instead = [
        place.id
        for place in context.places.values()
        if place.has("exhaustedFailures", "errors") and not place.has("failures")
    ]
    if instead:
        code = "exhausted_exceeds_failures"
        yield _comparison(context, code, "exhaustedFailures", "errors", instead)
    capacities = context.metrics.keys["effectiveCapacity"]
    loaded = tuple(context.metrics.keys["utilization"])
    if loaded:
        yield Comparison(
            code="served_exceeds_capacity",
            above="served",
            below="capacity",
            nodes=tuple((n, context.places[n].roles["served"], capacities[n]) for n in loaded),
            rows=context.inputs.at("served", loaded),
            limits=context.capacities(loaded),
        )


def _comparison(
    context: Context, code: str, above: str, below: str, nodes: Sequence[str]
) -> Comparison:
    roles = {node: context.places[node].roles for node in nodes}
    return Comparison(
        code=code,
        above=_WORDS.get(above, above),
        below=_WORDS.get(below, below),
        nodes=tuple((node, roles[node][above], roles[node][below]) for node in nodes),
        rows=context.inputs.at(above, nodes),
        limits=context.inputs.at(below, nodes),
    )
