"""Routers: class routes take their parts in order, weight routes share what they left (engine §12.7)."""

from __future__ import annotations

from collections.abc import Mapping

from ..expansion.expanded import RouterDef
from ..expansion.series_ids import part_key
from ..program.tape import Operand, Tape


def record_routes(t: Tape, router: RouterDef) -> dict[str, Operand]:
    """What each target and the unrouted rest receive; the router's own series is its input."""
    whole = t.load(router.input)
    flows: dict[str, Operand] = {}
    rest = whole
    for route in router.routes:
        if route.classes:
            part = t.total([t.load(part_key(router.input, name)) for name in route.classes])
            _join(t, flows, route.target, part)
            rest = t.subtract(rest, part)
    shares = weighted(router)
    for target, share in shares:
        _join(t, flows, target, t.multiply(rest, share))
    unrouted = 0.0 if shares else rest
    return {router.id: whole, **flows, router.unrouted: unrouted}


def record_parts(
    t: Tape, router: RouterDef, parts: Mapping[str, Operand]
) -> dict[str, dict[str, Operand]]:
    """The class parts of what each target receives: those a route took, and shares of those that remained."""
    flows: dict[str, dict[str, Operand]] = {router.id: dict(parts)}
    taken = {name for route in router.routes for name in route.classes}
    for route in router.routes:
        target = flows.setdefault(route.target, {})
        for name in route.classes:
            if name in parts:
                _join(t, target, name, parts[name])
    rest = {name: part for name, part in parts.items() if name not in taken}
    shares = weighted(router)
    for goal, share in shares:
        for name, part in rest.items():
            _join(t, flows.setdefault(goal, {}), name, t.multiply(part, share))
    flows[router.unrouted] = {} if shares else rest
    return flows


def weighted(router: RouterDef) -> list[tuple[str, float]]:
    """The target of each weight route with its share of what the class routes left; no weight means 1."""
    routes = [
        (route.target, 1.0 if route.weight is None else route.weight)
        for route in router.routes
        if not route.classes
    ]
    total = sum(weight for _, weight in routes)
    return [(target, weight / total) for target, weight in routes] if total > 0 else []


def _join(t: Tape, flows: dict[str, Operand], name: str, flow: Operand) -> None:
    flows[name] = t.add(flows[name], flow) if name in flows else flow
