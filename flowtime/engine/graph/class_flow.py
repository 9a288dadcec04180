"""Which classes occur in which series, and the vertices that compute their parts (engine §13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..expansion.expanded import Expanded, QueueDef
from ..expansion.series_ids import bare, part_key
from ..program.tape import Operand, Tape
from .class_rules import (
    GIVEN,
    ClassFlow,
    Known,
    Rule,
    classes_of,
    content_rule,
    list_rules,
    supplied_parts,
)
from .components import Lags, strong_components
from .vertices import Blueprint, Given, Recipe, Vertex


def follow_classes(expanded: Expanded, blueprint: Blueprint, reads: Lags) -> ClassFlow:
    """Decide which classes occur where; ``reads`` are the dependencies of the totals, parts being ``key@``.

    An authored service without classes of its own takes the mix of its queue, unless several nodes share it or that
    would close a same-bin cycle (engine §13.3). What lies upstream decides first.
    """
    flow = ClassFlow(expanded)
    if not expanded.model.traffic and not any("@" in key for key in expanded.overrides):
        return flow
    rules = list_rules(expanded, blueprint)
    flow.classes = _spread(rules)
    unresolved = []
    waiting = _candidates(expanded)
    while (queue := _next(waiting, rules, flow.classes)) is not None:
        waiting.remove(queue)
        served = queue.served or ""
        trial = {**rules, served: content_rule(queue)}
        spread = _spread(trial)
        if _is_shared(queue, expanded) or _closes(served, trial, spread, reads):
            unresolved.append(queue.key)
            continue
        rules, flow.classes = trial, spread
        flow.contents = {**flow.contents, served: queue.key}
    flow.rules = rules
    flow.unresolved = tuple(sorted(unresolved))
    return flow


def part_vertices(flow: ClassFlow) -> dict[str, Vertex]:
    """One vertex ``key@`` for the parts of each series that has classes."""
    found = {}
    for key in flow.classes:
        outputs = tuple(part_key(key, name) for name in flow.of(key))
        recipe = _recipe(flow, key)
        found[f"{key}@"] = Vertex(id=f"{key}@", outputs=outputs, recipe=recipe, is_parts=True)
    for key, names in supplied_parts(flow.expanded).items():
        outputs = tuple(f"{GIVEN}{key}@{name}" for name in sorted(names))
        given = Given(is_overridden=True)
        found[f"{GIVEN}{key}@"] = Vertex(id=f"{GIVEN}{key}@", outputs=outputs, given=given)
    return found


def _recipe(flow: ClassFlow, key: str) -> Recipe:
    def parts(t: Tape) -> Mapping[str, Operand]:
        found = flow.rules[key].record(t, flow, key)
        return {part_key(key, name): found.get(name, 0.0) for name in flow.of(key)}

    return parts


def _spread(rules: Mapping[str, Rule]) -> dict[str, frozenset[str]]:
    """The classes of each series, only those that are not empty.

    Every series is looked at after those it follows from; around a loop the sets grow until they no longer change.
    """
    sources = {key: dict.fromkeys(rule.settled_after, 0) for key, rule in rules.items()}
    known: dict[str, frozenset[str]] = {}
    for group in strong_components(rules, sources):
        is_settled = False
        while not is_settled:
            is_settled = True
            for key in group:
                found = frozenset(rules[key].occur(known)) | known.get(key, frozenset())
                if found != known.get(key, frozenset()):
                    known[key] = found
                    is_settled = False
    return dict(sorted(known.items()))


def _candidates(expanded: Expanded) -> list[QueueDef]:
    """Queues whose authored service may have to take their mix, in ascending order of their keys."""
    return [
        queue
        for queue in expanded.queues.values()
        if queue.node is not None
        and queue.served is not None
        and not queue.is_capacity_driven
        and (not queue.is_authored or queue.depth in expanded.overrides)
        and queue.served in (queue.outflow, queue.offered)
        and not _is_nothing(queue.served, expanded)
        and "@" not in queue.served
    ]


def _next(waiting: list[QueueDef], rules: Mapping[str, Rule], known: Known) -> QueueDef | None:
    """The first queue to decide: one whose service does not follow from that of another undecided one."""
    open_ones = [queue for queue in waiting if _is_open(queue, known)]
    unclassed = {queue.served for queue in waiting if not known.get(queue.served or "")}
    for rivals in (unclassed, {queue.served for queue in open_ones}):
        for queue in open_ones:
            if _upstream(queue.served or "", rules).isdisjoint(rivals - {queue.served}):
                return queue
    return open_ones[0] if open_ones else None


def _upstream(key: str, rules: Mapping[str, Rule]) -> set[str]:
    """Every series whose classes can reach ``key``, at any lag."""
    seen: set[str] = set()
    stack = [key]
    while stack:
        rule = rules.get(stack.pop())
        for source in rule.settled_after if rule else ():
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return seen


def _is_nothing(served: str, expanded: Expanded) -> bool:
    """Whether the service is the engine's zero of a silent dlq, or stands for a role that is absent."""
    series = expanded.series.get(served)
    return series is None or (served in expanded.constants and series.origin == "synthesised")


def _is_open(queue: QueueDef, known: Known) -> bool:
    """Whether classes arrive and the service has none of its own."""
    return bool(classes_of(queue.inflow, known)) and not known.get(queue.served or "")


def _is_shared(queue: QueueDef, expanded: Expanded) -> bool:
    return sum(roles.get("served") == queue.served for roles in expanded.roles.values()) > 1


def _closes(served: str, rules: Mapping[str, Rule], known: Known, reads: Lags) -> bool:
    """Whether the parts of ``served`` would need themselves within a bin."""
    seen: set[str] = set()
    stack = [f"{served}@"]
    while stack:
        vertex = stack.pop()
        for source in _same_bin(vertex, rules, known, reads):
            if source == f"{served}@":
                return True
            if source not in seen:
                seen.add(source)
                stack.append(source)
    return False


def _same_bin(vertex: str, rules: Mapping[str, Rule], known: Known, reads: Lags) -> Iterator[str]:
    """What ``vertex`` needs of the same bin; parts also need their total and the parts they follow from."""
    key, at, _ = vertex.partition("@")
    if not at:
        yield from (source for source, lag in reads.get(vertex, {}).items() if lag == 0)
        return
    yield key
    if key in known:
        yield from rules[key].needs
        for source, lag in rules[key].sources:
            if lag == 0:
                yield bare(source)
                yield f"{bare(source)}@"
