"""What each series measures: its kind and unit, decided by the first rule that applies (engine §16.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..expansion.expanded import Expanded
from ..expansion.series_ids import bare
from ..expressions.syntax import Call, Ref
from ..model.nodes import BufferNode, ExprNode

FLOW = ("flow", "entities/bin")
STOCK = ("stock", "entities")
FLAG = ("ratio", "flag")

# In the order of the table of engine §16.2: where two roles disagree the earlier one wins.
_ROLE_KINDS: Mapping[str, tuple[int, tuple[str, str]]] = {
    "queueDepth": (0, STOCK),
    "retryBudgetRemaining": (0, STOCK),
    "parallelism": (1, ("stock", "servers")),
    "processingTimeMsSum": (2, ("time", "ms/bin")),
    "arrivals": (3, FLOW),
    "served": (3, FLOW),
    "errors": (3, FLOW),
    "externalDemand": (3, FLOW),
    "capacity": (3, FLOW),
    "attempts": (3, FLOW),
    "failures": (3, FLOW),
    "retryEcho": (3, FLOW),
    "exhaustedFailures": (3, FLOW),
    "servedCount": (3, FLOW),
}


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A series that two roles read as different things; ``first`` won."""

    series: str
    first: str
    second: str


def decide_kinds(expanded: Expanded) -> dict[str, tuple[str, str]]:
    """Kind and unit of every series by bare id, the author's words first."""
    by_rule = _kinds_by_rule(expanded)
    copies = _copies(expanded)
    decided: dict[str, tuple[str, str]] = {}
    for start in expanded.series:
        chain: dict[str, None] = {}
        series_id = start
        while series_id in copies and not _is_known(series_id, decided, by_rule, chain):
            chain[series_id] = None
            series_id = copies[series_id]
        answer = decided.get(series_id, by_rule.get(series_id, FLOW))
        for link in (series_id, *reversed(chain)):
            answer = decided[link] = _stated(link, expanded, answer)
    return decided


def find_ambiguities(expanded: Expanded) -> tuple[Ambiguity, ...]:
    """Every series that is bound to roles of different kinds and whose kind its author does not state."""
    stated = {node.id for node in expanded.model.nodes if node.series_kind}
    found = []
    for series_id, uses in sorted(_uses(expanded).items()):
        winner = uses[0]
        rivals = [use for use in uses if _ROLE_KINDS[use[1]][1][0] != _ROLE_KINDS[winner[1]][1][0]]
        if rivals and series_id not in stated:
            found.append(Ambiguity(series_id, ".".join(winner), ".".join(rivals[0])))
    return tuple(found)


def _uses(expanded: Expanded) -> dict[str, list[tuple[str, str]]]:
    """The (node, role) pairs of each bound series, the deciding one first."""
    uses: dict[str, list[tuple[str, str]]] = {}
    for node, roles in expanded.roles.items():
        for role, key in roles.items():
            if role in _ROLE_KINDS:
                uses.setdefault(bare(key), []).append((node, role))
    for pairs in uses.values():
        pairs.sort(key=lambda pair: (_ROLE_KINDS[pair[1]][0], pair))
    return uses


def _kinds_by_rule(expanded: Expanded) -> dict[str, tuple[str, str]]:
    kinds: dict[str, tuple[str, str]] = {}
    stocks = [queue.depth for queue in expanded.queues.values()]
    stocks += [node.id for node in expanded.model.nodes if isinstance(node, BufferNode)]
    for retry in expanded.retries.values():
        stocks += [key for key in (retry.pending, retry.budget) if key]
    for series_id, pairs in _uses(expanded).items():
        kinds[series_id] = _ROLE_KINDS[pairs[0][1]][1]
    kinds.update((bare(key), STOCK) for key in stocks)
    kinds.update((member.limited, FLAG) for member in expanded.members.values())
    return kinds


def _is_known(series_id: str, *places: Mapping[str, object]) -> bool:
    return any(series_id in place for place in places)


def _copies(expanded: Expanded) -> dict[str, str]:
    """Expressions that only shift or smooth one series, with that series."""
    copies = {}
    for node in expanded.model.nodes:
        match node:
            case ExprNode(tree=Call(name="SHIFT" | "EMA", arguments=(Ref(id=source), *_))) if (
                not node.source
            ):
                copies[node.id] = source
    return copies


def _stated(series_id: str, expanded: Expanded, rule: tuple[str, str]) -> tuple[str, str]:
    given = expanded.series.get(series_id)
    return (given.kind or rule[0], given.unit or rule[1]) if given else rule
