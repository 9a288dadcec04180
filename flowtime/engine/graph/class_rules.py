"""How the classes of each series follow from those of others, by what made the series (engine §13)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from ..expansion.expanded import Expanded, QueueDef, RetryDef, RouterDef
from ..expansion.naming import name_series
from ..expansion.series_ids import bare, part_key
from ..kernels import classes, retry, router
from ..kernels.classes import Parts
from ..kernels.contents import Content, record_content
from ..program.tape import Operand, Tape
from .formulas import Formula, class_deciders, class_sources, occurring
from .vertices import Blueprint

Known = Mapping[str, frozenset[str]]

NONE: frozenset[str] = frozenset()

GIVEN = "__given_"
"""Before the id of a series: its class parts as they were supplied."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The classes of one series: the ``sources`` of its parts with their lags, which can occur, and the formula.

    ``record`` takes the key of the series: what is limited in place keeps its rule under the key of its wish.
    ``needs`` are vertices of the same bin beside the sources: totals, and parts as ``key@``. ``deciders`` are series that
    only say which occur.
    """

    sources: tuple[tuple[str, int], ...]
    occur: Callable[[Known], Collection[str]]
    record: Callable[[Tape, ClassFlow, str], Parts]
    needs: tuple[str, ...] = ()
    deciders: tuple[str, ...] = ()

    @property
    def settled_after(self) -> tuple[str, ...]:
        """The series whose classes must be known before those of this one."""
        return (*(bare(source) for source, _ in self.sources), *self.deciders)


@dataclass(slots=True)
class ClassFlow:
    """The classes of every series that has any, and the rules that compute their parts.

    ``contents`` maps an authored service to the queue whose mix it takes, ``unresolved`` lists the nodes where that
    was not possible. ``fed_back`` holds the queues whose inflow depends on them, once the graph is known.
    """

    expanded: Expanded
    rules: Mapping[str, Rule] = field(default_factory=dict)
    classes: Known = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()
    fed_back: frozenset[str] = frozenset()

    def of(self, key: str) -> tuple[str, ...]:
        """The classes that can occur in ``key``; a part is its own only class."""
        return tuple(sorted(classes_of(key, self.classes)))

    def parts(self, t: Tape, key: str) -> dict[str, Operand]:
        return {name: t.load(part_key(key, name)) for name in self.of(key)}

    def side(self, t: Tape, key: str) -> tuple[Operand, Parts]:
        return t.load(key), self.parts(t, key)


def classes_of(key: str, known: Known) -> frozenset[str]:
    found = known.get(bare(key), NONE)
    _, at, name = key.partition("@")
    return found & {name} if at else found


def list_rules(expanded: Expanded, blueprint: Blueprint) -> dict[str, Rule]:
    """The rule of every series that can have classes; traffic and supplied parts win (engine §13.1)."""
    rules: dict[str, Rule] = {}
    for key, formula in blueprint.formulas.items():
        rules[key] = _formula_rule(formula)
    for joined in expanded.inflows.values():
        rules[joined.inflow] = _sum_rule((joined.arrivals, *joined.overflows))
    for retried in expanded.retries.values():
        rules.update(_retry_rules(retried, expanded.model.grid.bins))
    for entry in expanded.queues.values():
        rules.update(_queue_rules(entry, expanded))
    for definition in expanded.routers.values():
        for key in (definition.id, *definition.targets, definition.unrouted):
            rules[key] = _router_rule(definition, key)
    rules.update(_end_rules(expanded))
    for limit in expanded.limits.values():
        if limit.served in rules:
            rules[limit.wished] = rules[limit.served]
        if limit.gated:
            rules[limit.gated] = _scaled_rule(limit.wished)
        rules[limit.served] = _scaled_rule(limit.wished)

    for key in expanded.overrides:
        if "@" not in key and key not in _depths(expanded):
            rules.pop(key, None)
    for key, rates in _traffic(expanded).items():
        rules[key] = _rates_rule(rates)
    for key, names in supplied_parts(expanded).items():
        rules[key] = _supplied_rule(names)
    return rules


def supplied_parts(expanded: Expanded) -> dict[str, frozenset[str]]:
    """The series whose class parts are overridden, with their classes."""
    found: dict[str, frozenset[str]] = {}
    for key in expanded.overrides:
        total, at, name = key.partition("@")
        if at and total in expanded.series:
            found[total] = found.get(total, NONE) | {name}
    return found


def content_rule(entry: QueueDef) -> Rule:
    """A service that leaves its queue in the mix of what is there (engine §13.3)."""

    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        return classes.normalise(t, _content(t, flow, entry).out, t.load(key))

    needs = (entry.outflow, entry.loss) if entry.loss else (entry.outflow,)
    return Rule(((entry.inflow, 0),), partial(_union, (entry.inflow,)), record, needs)


def _content(t: Tape, flow: ClassFlow, entry: QueueDef) -> Content:
    served = entry.served or ""
    is_mixed = entry.is_capacity_driven or flow.contents.get(served) == entry.key
    own = () if is_mixed and served in (entry.outflow, entry.offered) else flow.of(entry.outflow)
    return record_content(
        t,
        entry,
        flow.of(entry.inflow),
        out_names=own,
        loss_names=flow.of(entry.loss) if entry.loss else (),
        is_fed_back=entry.key in flow.fed_back,
    )


def _queue_rules(entry: QueueDef, expanded: Expanded) -> dict[str, Rule]:
    def level(t: Tape, flow: ClassFlow, key: str) -> Parts:
        return _content(t, flow, entry).level

    def over(t: Tape, flow: ClassFlow, key: str) -> Parts:
        return _content(t, flow, entry).over

    arrived = partial(_union, (entry.inflow,))
    rules = {}
    if not entry.is_authored or entry.depth in expanded.overrides:
        keys = (entry.inflow, entry.outflow, *((entry.loss,) if entry.loss else ()))
        sources = tuple((key, 0) for key in keys)
        rules[entry.depth] = Rule(sources, arrived, level)
        if entry.overflow:
            rules[entry.overflow] = Rule(sources, arrived, over)
    if entry.is_capacity_driven and entry.served:
        rules[entry.served] = content_rule(entry)
    elif entry.gated and entry.offered and entry.outflow == entry.gated:
        rules[entry.gated] = _scaled_rule(entry.offered)
    return rules


def _formula_rule(formula: Formula) -> Rule:
    sources = tuple(
        (ref.id if ref.class_id is None else part_key(ref.id, ref.class_id), lag)
        for ref, lag in class_sources(formula.tree)
    )

    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        return formula.record_parts(t, flow.classes, t.load(key))

    deciders = tuple(dict.fromkeys(ref.id for ref in class_deciders(formula.tree)))
    return Rule(sources, partial(occurring, formula.tree), record, deciders=deciders)


def _sum_rule(terms: tuple[str, ...]) -> Rule:
    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        total, parts = flow.side(t, terms[0])
        for term in terms[1:]:
            other = flow.side(t, term)
            result = t.add(total, other[0])
            parts = classes.combine(t, "+", (total, parts), other, result)
            total = result
        return parts

    return Rule(tuple((term, 0) for term in terms), partial(_union, terms), record)


def _difference_rule(whole: str, part: str) -> Rule:
    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        sides = flow.side(t, whole), flow.side(t, part)
        return classes.combine(t, "-", *sides, t.load(key))

    return Rule(((whole, 0), (part, 0)), partial(_union, (whole, part)), record)


def _scaled_rule(source: str) -> Rule:
    """Limiting in place scales the parts with the total."""

    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        factor = t.divide(t.load(key), t.load(source))
        return {name: t.multiply(part, factor) for name, part in flow.parts(t, source).items()}

    return Rule(((source, 0),), partial(_union, (source,)), record)


def _rates_rule(rates: Mapping[str, float]) -> Rule:
    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        return classes.share_by_rates(t, t.load(key), rates)

    return Rule((), partial(_always, frozenset(rates)), record)


def _supplied_rule(names: frozenset[str]) -> Rule:
    """Parts from outside, scaled to the total where they do not sum to it (engine §13.1)."""

    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        given = {name: t.load(f"{GIVEN}{key}@{name}") for name in sorted(names)}
        total, found = t.load(key), classes.add_up(t, given)
        size = t.maximum(t.absolute(found), t.absolute(total))
        allowed = t.add(1e-6, t.multiply(1e-9, size))
        differs = t.greater(t.absolute(t.subtract(found, total)), allowed)
        # Where no part is positive there is nothing to scale: the bin is unclassed (engine §13).
        differs = t.both(differs, t.greater(found, 0.0))
        t.note("class_totals_mismatch", key, differs)
        return classes.normalise(t, given, total)

    return Rule((), partial(_always, names), record)


def _router_rule(definition: RouterDef, target: str) -> Rule:
    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        return router.record_parts(t, definition, flow.parts(t, definition.input))[target]

    def occur(known: Known) -> Collection[str]:
        found = classes_of(definition.input, known)
        taken = {name for route in definition.routes for name in route.classes}
        names = {n for r in definition.routes if r.target == target for n in r.classes} & found
        if target == definition.id:
            return found
        shares = router.weighted(definition)
        takes_rest = not shares if target == definition.unrouted else target in dict(shares)
        if takes_rest:
            names |= found - taken
        return names

    return Rule(((definition.input, 0),), occur, record)


def _retry_rules(definition: RetryDef, bins: int) -> dict[str, Rule]:
    """Echo, failures by attempt, and stocks: the same formulas on the parts (engine §12.10)."""
    records: dict[str | None, Callable[..., Operand]] = {
        definition.echo: retry.record_echo,
        definition.exhausted: retry.record_exhausted,
        definition.budget: retry.record_budget,
        definition.abandoned: retry.record_abandoned,
        definition.pending: retry.record_pending,
    }
    if retry.has_budget(definition):
        for attempt in range(1, retry.attempts_within(definition, bins) + 1):
            key = retry.failed_key(definition, attempt)
            records[key] = partial(retry.record_failed, attempt=attempt)
    lag = retry.first_tap(definition.kernel) or 0
    return {
        key: _retry_rule(definition, record, lag)
        if key == definition.echo
        else _retry_rule(definition, record, 0, _tries(definition))
        for key, record in records.items()
        if key is not None
    }


def _tries(definition: RetryDef) -> tuple[str, ...]:
    """The vertices, beside the failures, by which a budget tells the tries of a bin apart."""
    if not retry.has_budget(definition):
        return ()
    keys = [bare(key) for key in (definition.attempts, definition.returning) if key is not None]
    return (*keys, *(f"{key}@" for key in keys))


def _retry_rule(
    definition: RetryDef,
    record_one: Callable[..., Operand],
    lag: int,
    needs: tuple[str, ...] = (),
) -> Rule:
    def record(t: Tape, flow: ClassFlow, key: str) -> Parts:
        names = flow.of(definition.failures)
        parts = {name: record_one(t, retry=definition, class_id=name) for name in names}
        return classes.normalise(t, parts, t.load(key))

    failures = definition.failures
    return Rule(((failures, lag),), partial(_union, (failures,)), record, needs)


def _end_rules(expanded: Expanded) -> dict[str, Rule]:
    names = name_series(expanded.model)
    rules = {}
    for place in expanded.model.topology.nodes:
        served, roles = names.get(place.id, "served"), expanded.roles[place.id]
        if served is None or "arrivals" not in roles:
            continue
        if place.kind == "sink":
            rules[served] = _difference_rule(roles["arrivals"], roles["errors"])
        elif place.kind == "router":
            unrouted = expanded.routers[place.id].unrouted
            rules[served] = _difference_rule(roles["arrivals"], unrouted)
    return rules


def _traffic(expanded: Expanded) -> dict[str, dict[str, float]]:
    """The rates of each series; a place stands for the arrivals its author gave it (engine §8.7)."""
    found: dict[str, dict[str, float]] = {}
    for entry in expanded.model.traffic:
        key = entry.node_id
        if key not in expanded.series:
            joined = expanded.inflows.get(key)
            key = joined.arrivals if joined else expanded.roles.get(key, {}).get("arrivals", key)
        rates = found.setdefault(key, {})
        rates[entry.class_id] = rates.get(entry.class_id, 0.0) + entry.rate
    return found


def _depths(expanded: Expanded) -> set[str]:
    """The levels that the engine would compute: overridden ones still know what they hold."""
    return {entry.depth for entry in expanded.queues.values() if entry.depth in expanded.overrides}


def _union(keys: Iterable[str], known: Known) -> Collection[str]:
    return frozenset().union(*(classes_of(key, known) for key in keys))


def _always(names: frozenset[str], known: Known) -> Collection[str]:
    return names
