"""The topology of a model drawn left to right: places in layers by their longest path, connections as curves between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

CARD_WIDTH, CARD_HEIGHT = 188.0, 60.0
GUTTER, GAP, MARGIN = 84.0, 22.0, 12.0
# Wider than this, a drawing is made to fit its page as far as its letters stay readable.
WIDE = 1000.0
# What passes a layer without stopping needs little room; a way back runs in a lane of its own below.
PASSING, LANE = 14.0, 14.0
SWEEPS = 6
MOST_LETTERS = 20

_MEASURE_WORDS = {"exhaustedFailures": "exhausted"}
HOLDING = ("serviceWithBuffer", "queue", "dlq")
KIND_WORDS = {
    "service": "Service",
    "serviceWithBuffer": "Service with a queue",
    "queue": "Queue",
    "dlq": "Dead letters",
    "router": "Router",
    "dependency": "Dependency",
    "sink": "Sink",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A place: its box, its name as far as it fits, and its kind in words."""

    id: str
    x: float
    y: float
    name: str
    kind: str
    state: str
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A connection as path data, its tip, and its words, one a line with its height, around ``x``."""

    path: str
    tip: str
    type: str
    words: tuple[tuple[str, float], ...]
    x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that a page draws, and the same in a sentence."""

    width: float
    height: float
    cards: tuple[Card, ...]
    curves: tuple[Curve, ...]
    sentence: str

    @property
    def is_wide(self) -> bool:
        return self.width > WIDE


# A stop of the layout: the id of a place, or (edge number, layer) where an edge passes a layer.
Stop = str | tuple[int, int]


def draw_topology(graph: Mapping[str, Any]) -> Drawing:
    """The drawing of a graph as the API has it (``runs.graph``); places in its own order where nothing else decides."""
    nodes: Sequence[Mapping[str, Any]] = graph["nodes"]
    edges: Sequence[Mapping[str, Any]] = graph["edges"]
    pairs = [(edge["from"], edge["to"]) for edge in edges]
    names = [node["id"] for node in nodes]
    back = _ways_back(names, pairs)
    ahead = [pair for number, pair in enumerate(pairs) if number not in back]
    rank = _ranks(names, ahead)
    layers, chains = _layers(names, pairs, rank, back)
    links = [link for chain in chains.values() for link in pairwise(chain)]
    _order(layers, links)
    centres = _centres(layers, links)
    depth = max((centres[s] + _height(s) / 2 for layer in layers for s in layer), default=0.0)
    at = {stop: _left(number) for number, layer in enumerate(layers) for stop in layer}
    curves = [
        _way_back(edge, at, centres, depth + LANE * (1 + lane))
        for lane, edge in enumerate(edges[number] for number in sorted(back))
    ]
    curves += [_way_ahead(edges[number], chain, at, centres) for number, chain in chains.items()]
    return Drawing(
        width=_left(len(layers)) - GUTTER + MARGIN,
        height=depth + MARGIN + (LANE * (len(back) + 1) if back else 0.0),
        cards=tuple(_card(node, at, centres) for node in nodes),
        curves=tuple(curves),
        sentence=_sentence(nodes, pairs),
    )


def in_order(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The places from left to right, as they are drawn; in their own order within a layer."""
    back = _ways_back(names, pairs)
    rank = _ranks(names, [pair for number, pair in enumerate(pairs) if number not in back])
    return sorted(names, key=lambda name: rank[name])


def _ways_back(names: Iterable[str], pairs: Sequence[tuple[str, str]]) -> set[int]:
    """The numbers of the edges that close a cycle, found by walking from the places that nothing feeds."""
    out: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
    for number, (source, target) in enumerate(pairs):
        out[source].append((number, target))
    fed = {target for _, target in pairs}
    back: set[int] = set()
    done: set[str] = set()
    for start in sorted(out, key=lambda name: name in fed):
        if start in done:
            continue
        # Walked with a stack of its own: a chain of a thousand places is deeper than Python recurses.
        on_path, stack = {start}, [(start, iter(out[start]))]
        while stack:
            name, rest = stack[-1]
            for number, target in rest:
                if target in on_path:
                    back.add(number)
                elif target not in done:
                    on_path.add(target)
                    stack.append((target, iter(out[target])))
                    break
            else:
                stack.pop()
                on_path.discard(name)
                done.add(name)
    return back


def _ranks(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each place: its longest path from a start; starts stand just before what they feed."""
    out: dict[str, list[str]] = {name: [] for name in names}
    waiting = dict.fromkeys(names, 0)
    for source, target in pairs:
        out[source].append(target)
        waiting[target] += 1
    rank = dict.fromkeys(names, 0)
    ready = [name for name in names if not waiting[name]]
    starts = set(ready)
    while ready:
        name = ready.pop()
        for target in out[name]:
            rank[target] = max(rank[target], rank[name] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for name in starts:
        if out[name]:
            rank[name] = min(rank[target] for target in out[name]) - 1
    return rank


def _layers(
    names: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    rank: Mapping[str, int],
    back: set[int],
) -> tuple[list[list[Stop]], dict[int, list[Stop]]]:
    """The stops of each layer, and of each edge that goes ahead the stops it passes."""
    layers: list[list[Stop]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for name in names:
        layers[rank[name]].append(name)
    chains: dict[int, list[Stop]] = {}
    for number, (source, target) in enumerate(pairs):
        if number in back:
            continue
        passed: list[Stop] = [(number, layer) for layer in range(rank[source] + 1, rank[target])]
        for stop in passed:
            layers[stop[1]].append(stop)  # type: ignore[index]  # passing stops are pairs
        chains[number] = [source, *passed, target]
    return layers, chains


def _order(layers: list[list[Stop]], links: Iterable[tuple[Stop, Stop]]) -> None:
    """Put each layer in the order of what its stops are linked with, forth and back, so that few lines cross."""
    before: dict[Stop, list[Stop]] = {}
    after: dict[Stop, list[Stop]] = {}
    for left, right in links:
        before.setdefault(right, []).append(left)
        after.setdefault(left, []).append(right)
    for sweep in range(SWEEPS):
        near = before if sweep % 2 == 0 else after
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            place = {stop: i / max(len(row), 1) for row in layers for i, stop in enumerate(row)}
            own = {
                stop: _mean([place[n] for n in near.get(stop, ())], place[stop]) for stop in layer
            }
            layer.sort(key=own.__getitem__)


def _centres(
    layers: Sequence[Sequence[Stop]], links: Iterable[tuple[Stop, Stop]]
) -> dict[Stop, float]:
    """The height at which each stop is centred: near its neighbours, apart from those of its layer."""
    near: dict[Stop, list[Stop]] = {}
    for left, right in links:
        near.setdefault(right, []).append(left)
        near.setdefault(left, []).append(right)
    centres: dict[Stop, float] = {}
    for layer in layers:
        top = -sum(_height(stop) + GAP for stop in layer) / 2
        for stop in layer:
            centres[stop] = top + _height(stop) / 2
            top += _height(stop) + GAP
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 else reversed(layers):
            wanted = [_mean([centres[n] for n in near.get(s, ())], centres[s]) for s in layer]
            centres.update(zip(layer, _apart(layer, wanted), strict=True))
    shift = MARGIN - min((c - _height(stop) / 2 for stop, c in centres.items()), default=0.0)
    return {stop: centre + shift for stop, centre in centres.items()}


def _apart(layer: Sequence[Stop], wanted: Sequence[float]) -> list[float]:
    """The heights nearest to those ``wanted``, as a whole, at which no two stops touch."""
    placed: list[float] = []
    for number, stop in enumerate(layer):
        least = wanted[number]
        if placed:
            room = (_height(layer[number - 1]) + _height(stop)) / 2 + GAP
            least = max(least, placed[-1] + room)
        placed.append(least)
    drift = _mean([want - have for want, have in zip(wanted, placed, strict=True)], 0.0)
    return [have + drift for have in placed]


def _way_ahead(
    edge: Mapping[str, Any],
    chain: Sequence[Stop],
    at: Mapping[Stop, float],
    centres: Mapping[Stop, float],
) -> Curve:
    x, y = at[chain[0]] + CARD_WIDTH, centres[chain[0]]
    path, middle = f"M{x:.1f} {y:.1f}", (x, y)
    for stop in chain[1:]:
        left, height = at[stop], centres[stop]
        is_last = stop == chain[-1]
        end = left - 7 if is_last else left
        half = (x + end) / 2
        path += f"C{half:.1f} {y:.1f} {half:.1f} {height:.1f} {end:.1f} {height:.1f}"
        if stop == chain[1]:
            middle = (half, (y + height) / 2)
        x, y = end, height
        if not is_last:
            x = left + CARD_WIDTH
            path += f"H{x:.1f}"
    return _curve(edge, path, (x + 7, y), middle)


def _way_back(
    edge: Mapping[str, Any],
    at: Mapping[Stop, float],
    centres: Mapping[Stop, float],
    lane: float,
) -> Curve:
    """Out to the right, down into a lane below everything, and up into the target from its left."""
    x, y = at[edge["from"]] + CARD_WIDTH, centres[edge["from"]] + 12
    left, height = at[edge["to"]] - 7, centres[edge["to"]] + 12
    path = (
        f"M{x:.1f} {y:.1f}h6q8 0 8 8V{lane - 8:.1f}q0 8 -8 8"
        f"H{left - 6:.1f}q-8 0 -8 -8V{height + 8:.1f}q0 -8 8 -8H{left:.1f}"
    )
    return _curve(edge, path, (left + 7, height), ((x + left) / 2, lane))


def _curve(
    edge: Mapping[str, Any], path: str, end: tuple[float, float], middle: tuple[float, float]
) -> Curve:
    x, y = end
    lines = _words(edge)
    top = middle[1] + 4 - LANE * (len(lines) - 1) / 2
    return Curve(
        path=path,
        tip=f"M{x:.1f} {y:.1f}l-9 -5v10z",
        type=edge["type"],
        words=tuple((line, round(top + LANE * at, 1)) for at, line in enumerate(lines)),
        x=round(middle[0], 1),
    )


def _words(edge: Mapping[str, Any]) -> list[str]:
    """What a connection carries, as far as it is not simply all that is served at once."""
    measure = str(edge["measure"])
    words = [] if measure == "served" else [_MEASURE_WORDS.get(measure, measure)]
    if edge["weight"] != 1.0:
        words.append(f"× {edge['weight']:.4g}")
    if edge["lag"]:
        words.append(f"lag {edge['lag']}")
    return words


def _card(node: Mapping[str, Any], at: Mapping[Stop, float], centres: Mapping[Stop, float]) -> Card:
    name = node["label"] or node["id"]
    return Card(
        id=node["id"],
        x=at[node["id"]],
        y=round(centres[node["id"]] - CARD_HEIGHT / 2, 1),
        name=name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1].rstrip()}…",
        kind=KIND_WORDS.get(node["kind"], node["kind"]),
        state="dlq" if node["kind"] == "dlq" else "gray",
        holds=node["kind"] in HOLDING,
    )


def _sentence(nodes: Sequence[Mapping[str, Any]], pairs: Sequence[tuple[str, str]]) -> str:
    labels = {node["id"]: node["label"] or node["id"] for node in nodes}
    if not pairs:
        return f"{', '.join(labels.values())}; no connections."
    said = "; ".join(f"{labels[source]} to {labels[target]}" for source, target in pairs)
    return f"From left to right: {said}."


def _left(layer: int) -> float:
    return MARGIN + layer * (CARD_WIDTH + GUTTER)


def _height(stop: Stop) -> float:
    return CARD_HEIGHT if isinstance(stop, str) else PASSING


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
