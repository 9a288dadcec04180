"""Checks of routers and shared capacity: classes that get lost, and work held back or turned away (engine §12.7, §12.8, §19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..expansion.expanded import MemberDef
from ..expansion.series_ids import part_key
from .context import Check, Context, Run
from .hits import Hit, amounts, name
from .tolerance import ABSOLUTE, differs


def prepare_mechanisms(context: Context) -> list[Check]:
    """The checks of this module that the model has something for."""
    expanded = context.expanded
    checks: list[Check] = []
    routed = tuple(_routed_classes(context))
    if routed:
        checks.append(Leaks(routed))
    if expanded.members:
        members = tuple(
            (member, context.places[member.node].has_queue) for member in expanded.members.values()
        )
        checks.append(Members(members))
    return checks


@dataclass(frozen=True, slots=True)
class RoutedClass:
    """One class at one router: the part of the input, and the parts that were routed."""

    node: str
    class_id: str
    whole: str
    parts: tuple[str, ...]


def _routed_classes(context: Context) -> Iterator[RoutedClass]:
    """Every class that some route of a router takes."""
    for router in context.expanded.routers.values():
        is_weighted = any(not route.classes for route in router.routes)
        routed = {class_id for route in router.routes for class_id in route.classes}
        for class_id in context.classes_of(router.input):
            if is_weighted or class_id in routed:
                yield RoutedClass(
                    node=router.node or router.id,
                    class_id=class_id,
                    whole=part_key(router.input, class_id),
                    parts=tuple(
                        part_key(target, class_id)
                        for target in router.targets
                        if class_id in context.classes_of(target)
                    ),
                )


@dataclass(frozen=True, slots=True)
class Leaks:
    """``router_class_leakage``: what is routed of a class is not what comes in of it."""

    routed: tuple[RoutedClass, ...]

    def find(self, run: Run) -> Iterator[Hit]:
        for one in self.routed:
            offered = run.state.series(one.whole)
            carried = np.zeros(run.state.bins)
            for part in one.parts:
                carried += run.state.series(part)
            if (bins := differs(offered, carried)).any():
                yield Hit(
                    code="router_class_leakage",
                    node=one.node,
                    class_id=one.class_id,
                    say="What {node} routes of class {class_id} differs from its input from bin {first}, "
                    "by up to {amount} in bin {worst}.",
                    words={"class_id": name(one.class_id)},
                    look=amounts(bins, np.abs(offered - carried)),
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
