"""Checks of routers, retries and shared capacity: what they lose, refuse and give up (engine §12.7-§12.10, §19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..expansion.expanded import ConstraintDef, MemberDef, RetryDef, RouterDef
from ..expansion.series_ids import part_key
from .context import Check, Context, Run
from .hits import Hit, amounts, name, unknowns
from .tolerance import ABSOLUTE, differs, exceeds


def prepare_mechanisms(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    expanded = context.expanded
    checks: list[Check] = []
    routers = tuple(_RouterParts(router, context) for router in expanded.routers.values())
    if routers:
        checks.append(Routers(tuple(router.described() for router in routers)))
    retries = tuple(retry for retry in expanded.retries.values() if retry.abandoned)
    if retries:
        checks.append(Abandoned(retries))
    if expanded.members:
        members = tuple(
            (member, context.places[member.node].has_queue) for member in expanded.members.values()
        )
        checks.append(Members(members))
    shared = tuple(
        constraint
        for constraint in expanded.constraints.values()
        if constraint.capacity not in expanded.constants
    )
    if shared:
        checks.append(SharedCapacity(shared))
    served = tuple(
        (place.id, place.roles["served"])
        for place in context.places.values()
        if place.has("arrivals", "served")
        and context.classes_of(place.roles["arrivals"])
        and not context.classes_of(place.roles["served"])
    )
    if served:
        checks.append(UnclassedService(served))
    return checks


@dataclass(frozen=True, slots=True)
class Routed:
    """A router with its classes: for each, the part of the input and the parts that were routed."""

    router: RouterDef
    node: str
    classes: tuple[tuple[str, str, tuple[str, ...]], ...]


class _RouterParts:
    def __init__(self, router: RouterDef, context: Context) -> None:
        self.router = router
        self.context = context

    def described(self) -> Routed:
        router = self.router
        is_weighted = any(not route.classes for route in router.routes)
        routed = {class_id for route in router.routes for class_id in route.classes}
        classes = []
        for class_id in self.context.classes_of(router.input):
            if is_weighted or class_id in routed:
                parts = tuple(
                    part_key(target, class_id)
                    for target in router.targets
                    if class_id in self.context.classes_of(target)
                )
                classes.append((class_id, part_key(router.input, class_id), parts))
        return Routed(router, router.node or router.id, tuple(classes))


@dataclass(frozen=True, slots=True)
class Routers:
    """``router_unrouted_flow`` and ``router_class_leakage``."""

    routers: tuple[Routed, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for routed in self.routers:
            unrouted = run.finite(routed.router.unrouted)
            if (bins := exceeds(unrouted, 0.0)).any():
                yield Hit(
                    code="router_unrouted_flow",
                    node=routed.node,
                    say="{node} has no route for {total} of its input, first in bin {first}.",
                    look=amounts(bins, unrouted),
                )
            yield from self._leaks(run, routed)

    def _leaks(self, run: Run, routed: Routed) -> Iterator[Hit]:
        for class_id, whole, parts in routed.classes:
            offered = run.state.series(whole)
            carried = np.zeros(run.state.bins)
            for part in parts:
                carried += run.state.series(part)
            if (bins := differs(offered, carried)).any():
                yield Hit(
                    code="router_class_leakage",
                    node=routed.node,
                    class_id=class_id,
                    say="What {node} routes of class {class_id} differs from its input from bin {first}, "
                    "by up to {amount} in bin {worst}.",
                    words={"class_id": name(class_id)},
                    look=amounts(bins, np.abs(offered - carried)),
                )


@dataclass(frozen=True, slots=True)
class Abandoned:
    """``retries_abandoned``: failures that never come back."""

    retries: tuple[RetryDef, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for retry in self.retries:
            abandoned = run.counted(retry.abandoned or "")
            if abandoned.sum() > ABSOLUTE:
                yield Hit(
                    code="retries_abandoned",
                    node=retry.node,
                    say="{total} failures of {node} are never tried again, the first in bin {first}.",
                    look=amounts(abandoned > 0.0, abandoned),
                )


@dataclass(frozen=True, slots=True)
class Members:
    """``constraint_limited`` and ``constrained_without_queue``: what shared capacity holds back, or turns away."""

    members: tuple[tuple[MemberDef, bool], ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for member, has_queue in self.members:
            bins = run.state.series(member.limited) > 0.0
            if not bins.any():
                continue
            refused = run.counted(member.wanted) - run.counted(member.served)
            yield Hit(
                code="constraint_limited",
                node=member.node,
                say="{constraints} limits {node} in {bins}, first in bin {first}, by up to {amount} in "
                "bin {worst}.",
                words={"constraints": " or ".join(name(c) for c in member.constraints)},
                look=amounts(bins, refused),
            )
            if not has_queue and np.where(bins, refused, 0.0).sum() > ABSOLUTE:
                yield Hit(
                    code="constrained_without_queue",
                    node=member.node,
                    say="{total} of what {node} wanted to serve are refused and queued nowhere, first in "
                    "bin {first}.",
                    look=amounts(bins, refused),
                )


@dataclass(frozen=True, slots=True)
class SharedCapacity:
    """``constraint_capacity_not_finite``: bins in which a constraint does not act."""

    constraints: tuple[ConstraintDef, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for constraint in self.constraints:
            capacity = run.state.series(constraint.capacity)
            missing = ~np.isfinite(capacity)
            if missing.any():
                yield Hit(
                    code="constraint_capacity_not_finite",
                    node=constraint.id,
                    say="The capacity of constraint {node} is not finite in {bins}, first in bin {first}: it "
                    "does not act then.",
                    look=unknowns(missing),
                )


@dataclass(frozen=True, slots=True)
class UnclassedService:
    """``class_partial``: classed arrivals at a node whose served has no classes."""

    nodes: tuple[tuple[str, str], ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for node, key in self.nodes:
            served = run.finite(key)
            if (bins := exceeds(np.abs(served), 0.0)).any():
                yield Hit(
                    code="class_partial",
                    node=node,
                    say="The arrivals of {node} have classes but its served has none, {total} from bin "
                    "{first} on.",
                    look=amounts(bins, served),
                )
