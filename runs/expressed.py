"""The template's own expressions behind a place, cut where a name can stand for its value in one bin (engine §9, §11)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowtime.engine import ExprNode

if TYPE_CHECKING:
    from flowtime.bundles import SeriesEntry
    from flowtime.engine import Model

_ID = r"(?:`[^`\r\n]*`|[A-Za-z_]\w*)"
NAME = rf"{_ID}(?:@{_ID})?"
"""A series as expressions write it: its id, quoted where it has to be, and a class."""
WINDOWS = ("SHIFT", "CONV", "EMA")
"""Functions of several bins: no one value stands for a name within them, but for ``SHIFT`` of a single name."""
_TOKEN = re.compile(
    rf"(?P<shift>(?i:SHIFT)\s*\(\s*(?P<shifted>{NAME})\s*,\s*(?P<lag>\d+)(?:\.0*)?\s*\))"
    r"|(?P<function>[A-Za-z_]\w*)(?=\s*\()"
    rf"|(?P<name>{NAME})"
    r"|(?P<bracket>[()])"
    r"|[0-9.]+(?:[eE][+-]?[0-9]+)?"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of an expression. With a ``key`` it is that series ``back`` bins ago, ``first`` before the run."""

    words: str
    key: str = ""
    back: int = 0
    first: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expressed:
    """The series ``key`` that a place has as ``role``, by the expression that computes it; ``inputs`` by key."""

    role: str
    key: str
    entry: SeriesEntry
    terms: tuple[Term, ...]
    inputs: Mapping[str, SeriesEntry]


def bare(name: str) -> str:
    """The key of a series, out of a name as an expression writes it."""
    return name.replace("`", "")


def cut(text: str) -> Iterator[Term]:
    """``text`` in pieces, those with a key where one value of a bin can take the place of the words."""
    end, calls, function = 0, [""], ""
    for found in _TOKEN.finditer(text):
        if found["function"]:
            function = found["function"].upper()
        elif found["bracket"] == "(":
            calls.append(function)
            function = ""
        elif found["bracket"] and len(calls) > 1:
            calls.pop()
        name = found["shifted"] or found["name"]
        if not name or any(call in WINDOWS for call in calls):
            continue
        if found.start() > end:
            yield Term(text[end : found.start()])
        yield Term(found[0], bare(name), int(found["lag"] or 0))
        end = found.end()
    if end < len(text):
        yield Term(text[end:])


def expressed_roles(
    model: Model,
    roles: Mapping[str, Mapping[str, str]],
    entries: Mapping[str, SeriesEntry],
    observed: Mapping[str, str],
) -> Mapping[str, tuple[Expressed, ...]]:
    """By place, what its roles are computed from; each series once. What was ``observed`` follows no expression."""
    nodes = {node.id: node for node in model.nodes if isinstance(node, ExprNode)}
    seeds = {
        roles.get(place.id, {}).get("queueDepth"): place.initial_depth
        for place in model.topology.nodes
        if place.initial_depth is not None
    }
    seeds |= {key: node.initial for key, node in nodes.items() if node.initial is not None}
    told: dict[str, tuple[Expressed, ...]] = {}
    for place in model.topology.nodes:
        by_key: dict[str, Expressed] = {}
        for role, key in roles.get(place.id, {}).items():
            node = nodes.get(key)
            if node is None or node.source or key in observed or key in by_key:
                continue
            terms = tuple(
                _known(term, key, seeds.get(key) or 0.0, entries) for term in cut(node.text)
            )
            by_key[key] = Expressed(
                role=role,
                key=key,
                entry=entries[key],
                terms=terms,
                inputs={term.key: entries[term.key] for term in terms if term.key},
            )
        told[place.id] = tuple(by_key.values())
    return told


def column_of(key: str) -> str:
    """The name of a series among the columns of a place, where roles and metrics have names of their own."""
    return f"={key}"


def inputs_of(expressed: Iterable[Expressed]) -> Mapping[str, SeriesEntry]:
    """Every series that some expressions need, by the name of its column."""
    return {
        column_of(key): entry
        for told in expressed
        for key, entry in {told.key: told.entry, **told.inputs}.items()
    }


def _known(term: Term, own: str, seed: float, entries: Mapping[str, SeriesEntry]) -> Term:
    """The same, as words where the run keeps no such series; its own past begins with the seed."""
    if term.key not in entries:
        return Term(term.words)
    return Term(term.words, term.key, term.back, seed if term.key == own else 0.0)
