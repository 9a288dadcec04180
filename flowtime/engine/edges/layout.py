"""Which series each edge has, and from which other series each is made (engine §14.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..expansion.expanded import Expanded
from ..expansion.naming import free_name
from ..expansion.series_ids import edge_token, part_key
from ..model.topology import Edge
from ..results.kinds import FLOW, STOCK

_TERMINAL_ROLES = {
    "errors": "errors",
    "failures": "failures",
    "exhaustedFailures": "exhaustedFailures",
}
_EFFORT_ROLES = {"attempts": "attempts", "load": "arrivals"}
_KINDS: Mapping[str, tuple[str, str]] = {"transit": STOCK, "retryRate": ("edge", "ratio")}


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One series of an edge: of all classes together, or of one."""

    key: str
    edge: str
    metric: str
    class_id: str | None
    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class Scaled:
    """``out = source * factor``: a share of what a node serves, or a multiple of its tries."""

    out: str
    source: str
    factor: float


@dataclass(frozen=True, slots=True)
class Remainder:
    """``out = factor * max(0, served - carried)``: what no matching edge of a router carries."""

    out: str
    served: str
    carried: tuple[str, ...]
    factor: float


@dataclass(frozen=True, slots=True)
class Delayed:
    """``arrived`` is ``volume`` of ``lag`` bins ago; ``transit`` the stock in between."""

    volume: str
    arrived: str
    transit: str
    lag: int


@dataclass(frozen=True, slots=True)
class EchoSplit:
    """``outs`` share ``echo`` in proportion to ``flows``, equally where nothing flows."""

    outs: tuple[str, ...]
    flows: tuple[str, ...]
    echo: str


@dataclass(frozen=True, slots=True)
class Rate:
    """``out = failures / attempts``, undefined without attempts."""

    out: str
    failures: str
    attempts: str


@dataclass(slots=True)
class EdgeLayout:
    """All edge series and how they are made, in the order in which they can be computed.

    ``volumes[edge][class]`` is the key of what leaves on an edge, ``arrivals`` of what comes out of it
    (class None: the total). ``unavailable`` pairs an edge with the reason why it has no series. ``taken`` are the names
    that nobody may have again, in lower case, ``totals`` those of the edges by edge and metric.
    """

    rows: list[EdgeRow] = field(default_factory=list)
    scaled: list[Scaled] = field(default_factory=list)
    remainders: list[Remainder] = field(default_factory=list)
    delayed: list[Delayed] = field(default_factory=list)
    splits: list[EchoSplit] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    flows: dict[str, dict[str | None, str]] = field(default_factory=dict)
    volumes: dict[str, dict[str | None, str]] = field(default_factory=dict)
    arrivals: dict[str, dict[str | None, str]] = field(default_factory=dict)
    unavailable: list[tuple[str, str]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    totals: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, edge: Edge, metric: str, class_id: str | None) -> str:
        """Enter one row and return its key; a name that a series has already gets a number (engine §10.2)."""
        total = self.totals.get((edge.id, metric))
        if total is None:
            total = free_name(f"edge_{edge_token(edge.id)}_{metric}", self.taken)
            self.totals[edge.id, metric] = total
        key = f"{total}@{class_id}" if class_id else total
        self.rows.append(
            EdgeRow(key, edge.id, metric, class_id, *_KINDS.get(metric, ("edge", FLOW[1])))
        )
        return key


@dataclass(frozen=True, slots=True)
class _Source:
    """Where an edge's volume comes from: a metric, its series, a factor."""

    metric: str
    key: str
    factor: float


def lay_out(expanded: Expanded, classes: Mapping[str, tuple[str, ...]]) -> EdgeLayout:
    """Every edge series of the model; ``classes`` tells which classes a series has."""
    return _Builder(expanded, classes).build()


class _Builder:
    def __init__(self, expanded: Expanded, classes: Mapping[str, tuple[str, ...]]) -> None:
        self.expanded = expanded
        self.classes = classes
        self.edges = sorted(expanded.model.topology.edges, key=lambda edge: edge.id)
        self.kinds = {node.id: node.kind for node in expanded.model.topology.nodes}
        self.layout = EdgeLayout(taken={key.lower() for key in expanded.series})

    def build(self) -> EdgeLayout:
        for group in _grouped(self.edges):
            self._add_group(group)
        for edge in self.edges:
            self._add_failures(edge)
            if edge.lag:
                self._add_delay(edge)
        for node in sorted(self.kinds):
            self._add_echo(node)
        return self.layout

    def classes_of(self, key: str) -> tuple[str, ...]:
        name, _, class_id = key.partition("@")
        found = self.classes.get(name, ())
        return found if not class_id else tuple(c for c in found if c == class_id)

    def role(self, node: str, role: str) -> str | None:
        return self.expanded.roles.get(node, {}).get(role)

    def _add_group(self, group: Sequence[Edge]) -> None:
        """One source and type: the edges that share, and those that multiply."""
        sharing = [edge for edge in group if _is_sharing(edge)]
        if group[0].type == "throughput" and self.kinds[group[0].source] == "router":
            self._add_routed(sharing)
        else:
            for edge, share in zip(sharing, _shares(sharing), strict=True):
                self._add_scaled(edge, "flowVolume", "served", share)
        for edge in group:
            if not _is_sharing(edge):
                self._add_measured(edge)

    def _add_measured(self, edge: Edge) -> None:
        factor = edge.weight if edge.multiplier is None else edge.multiplier
        if edge.type == "terminal" and edge.measure in _TERMINAL_ROLES:
            self._add_scaled(edge, "failuresVolume", _TERMINAL_ROLES[edge.measure], factor)
        elif edge.type != "terminal" and edge.measure in _EFFORT_ROLES:
            self._add_scaled(edge, "attemptsVolume", _EFFORT_ROLES[edge.measure], factor)
        else:
            reason = f"an edge of type {edge.type} cannot carry {edge.measure}"
            self.layout.unavailable.append((edge.id, reason))

    def _add_scaled(self, edge: Edge, metric: str, role: str, factor: float) -> None:
        key = self.role(edge.source, role)
        if key is None:
            self.layout.unavailable.append((edge.id, f"its source has no {role}"))
            return
        self._add_volume(edge, _Source(metric, key, factor))

    def _add_volume(self, edge: Edge, source: _Source) -> None:
        for class_id in (None, *self.classes_of(source.key)):
            out = self.layout.add(edge, source.metric, class_id)
            key = part_key(source.key, class_id) if class_id else source.key
            self.layout.scaled.append(Scaled(out, key, source.factor))
            self._remember(edge, source.metric, class_id, out)

    def _remember(self, edge: Edge, metric: str, class_id: str | None, out: str) -> None:
        self.layout.volumes.setdefault(edge.id, {})[class_id] = out
        self.layout.arrivals.setdefault(edge.id, {})[class_id] = out
        if metric == "flowVolume":
            self.layout.flows.setdefault(edge.id, {})[class_id] = out

    def _add_routed(self, edges: Sequence[Edge]) -> None:
        """Edges that lead to a routed target carry it; the others share the rest by weight."""
        node = edges[0].source
        targets = self._targets(node)
        matches: dict[str, list[Edge]] = {}
        rest = []
        for edge in edges:
            wanted = self._offered(edge.target)
            if wanted in targets:
                matches.setdefault(wanted, []).append(edge)
            else:
                rest.append(edge)
        for target, matching in sorted(matches.items()):
            for edge, share in zip(matching, _shares(matching), strict=True):
                self._add_volume(edge, _Source("flowVolume", target, share))
        self._add_rest(node, rest, tuple(sorted(matches)))

    def _add_rest(self, node: str, edges: Sequence[Edge], carried: tuple[str, ...]) -> None:
        served = self.role(node, "served")
        for edge, share in zip(edges, _shares(edges), strict=True):
            if served is None:
                self.layout.unavailable.append((edge.id, "its source has no served"))
                continue
            for class_id in (None, *self.classes_of(served)):
                out = self.layout.add(edge, "flowVolume", class_id)
                self.layout.remainders.append(
                    self._remainder(out, served, carried, share, class_id)
                )
                self._remember(edge, "flowVolume", class_id, out)

    def _remainder(
        self, out: str, served: str, carried: tuple[str, ...], share: float, class_id: str | None
    ) -> Remainder:
        if class_id is None:
            return Remainder(out, served, carried, share)
        parts = (part_key(key, class_id) for key in carried if class_id in self.classes_of(key))
        return Remainder(out, part_key(served, class_id), tuple(parts), share)

    def _targets(self, node: str) -> frozenset[str]:
        """What the routers behind a topology router define: of the same name, else of its series."""
        routers = self.expanded.routers.values()
        named = [router for router in routers if node in (router.node, router.id)]
        series = {self.role(node, "arrivals"), self.role(node, "served")}
        chosen = named or [router for router in routers if router.input in series]
        return frozenset(target for router in chosen for target in router.targets)

    def _offered(self, node: str) -> str | None:
        """A node's arrivals before the overflow of others joined them."""
        inflow = self.expanded.inflows.get(node)
        return inflow.arrivals if inflow else self.role(node, "arrivals")

    def _add_failures(self, edge: Edge) -> None:
        """What fails of the tries that an effort edge carries."""
        attempts, failures = self.role(edge.source, "attempts"), self.role(edge.source, "failures")
        is_effort = edge.type in ("effort", "dependency") and edge.measure == "attempts"
        if not is_effort or attempts is None or failures is None:
            return
        factor = edge.weight if edge.multiplier is None else edge.multiplier
        for class_id in (None, *self.classes_of(failures)):
            part = part_key(failures, class_id) if class_id else failures
            out = self.layout.add(edge, "failuresVolume", class_id)
            self.layout.scaled.append(Scaled(out, part, factor))
        for class_id in (None, *self.classes_of(attempts)):
            if class_id and class_id not in self.classes_of(failures):
                continue
            out = self.layout.add(edge, "retryRate", class_id)
            keys = [part_key(key, class_id) if class_id else key for key in (failures, attempts)]
            self.layout.rates.append(Rate(out, *keys))

    def _add_delay(self, edge: Edge) -> None:
        for class_id, volume in tuple(self.layout.volumes.get(edge.id, {}).items()):
            arrived = self.layout.add(edge, "arrivedVolume", class_id)
            transit = self.layout.add(edge, "transit", class_id)
            self.layout.delayed.append(Delayed(volume, arrived, transit, edge.lag))
            self.layout.arrivals[edge.id][class_id] = arrived

    def _add_echo(self, node: str) -> None:
        """What comes back to a retrying node, over the edges that feed it."""
        echo = self.role(node, "retryEcho")
        feeding = [
            edge
            for edge in self.edges
            if edge.target == node and edge.type == "throughput" and edge.id in self.layout.flows
        ]
        if echo is None or not feeding:
            return
        flows = tuple(self.layout.flows[edge.id][None] for edge in feeding)
        for class_id in (None, *self.classes_of(echo)):
            outs = tuple(self.layout.add(edge, "retryVolume", class_id) for edge in feeding)
            key = part_key(echo, class_id) if class_id else echo
            self.layout.splits.append(EchoSplit(outs, flows, key))


def _grouped(edges: Iterable[Edge]) -> list[list[Edge]]:
    """Edges by source and type, the groups in ascending order."""
    groups: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        groups.setdefault((edge.source, edge.type), []).append(edge)
    return [groups[key] for key in sorted(groups)]


def _is_sharing(edge: Edge) -> bool:
    """Whether the edge takes a share of served, rather than a multiple of something else."""
    return edge.type == "throughput" or edge.measure == "served"


def _shares(edges: Sequence[Edge]) -> list[float]:
    """Weights divided by their sum; all zero counts as equal."""
    total = sum(edge.weight for edge in edges)
    if total == 0:
        return [1 / len(edges) for _ in edges]
    return [edge.weight / total for edge in edges]
