"""Documents that cases of problems are made of, most of them one step away from being right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowtime.engine import Limits

DEFAULT = Limits()
Source = str | bytes | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """``wrong`` is refused with ``code`` at ``path`` and nothing else; ``near`` is accepted."""

    code: str
    path: str
    wrong: Source
    near: Source
    parameters: Mapping[str, Any] = field(default_factory=dict)
    near_parameters: Mapping[str, Any] | None = None
    limits: Limits = DEFAULT
    strict: bool = False


def const(name: str = "a", values: Any = (1, 2, 3), **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "const", "values": list_of(values), **more}


def list_of(values: Any) -> Any:
    return list(values) if isinstance(values, tuple) else values


def expr(name: str, text: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "expr", "expr": text, **more}


def pmf(**more: Any) -> dict[str, Any]:
    return {
        "id": "p",
        "kind": "pmf",
        "pmf": {"values": [1, 2], "probabilities": [0.5, 0.5]},
        **more,
    }


def router(*routes: dict[str, Any], name: str = "r") -> dict[str, Any]:
    return {"id": name, "kind": "router", "inputs": {"queue": "a"}, "routes": list(routes)}


def buffer(**more: Any) -> dict[str, Any]:
    return {"id": "pond", "kind": "serviceWithBuffer", "inflow": "a", "outflow": "b", **more}


def place(
    name: str = "Desk", kind: str = "queue", *, roles: Any = None, **more: Any
) -> dict[str, Any]:
    semantics = {"arrivals": "a", "served": "b"} if roles is None else roles
    return {"id": name, "kind": kind, "semantics": semantics, **more}


def document(
    *nodes: dict[str, Any], places: Any = (), topology: Any = None, **more: Any
) -> dict[str, Any]:
    """A complete template with the series ``a`` and ``b``, and what a case needs besides."""
    parts = {"nodes": list(places), **(topology or {})}
    return {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 3, "binSize": 1, "binUnit": "hours"},
        "nodes": [const("a"), const("b", (4, 5, 6)), *nodes],
        **({"topology": parts} if places or topology else {}),
        **more,
    }


def changed(key: str, **entries: Any) -> dict[str, Any]:
    """The plain document with some entries of one of its mappings replaced."""
    base = document()
    return {**base, key: {**base[key], **entries}}


def without(key: str, name: str | None = None) -> dict[str, Any]:
    base = document()
    if name is None:
        return {k: v for k, v in base.items() if k != key}
    return {**base, key: {k: v for k, v in base[key].items() if k != name}}


def parameter(**more: Any) -> dict[str, Any]:
    return {"name": "p", "type": "number", **more}


HEAD = (
    "schemaVersion: 1\n"
    "metadata: {id: case, title: Case, version: 1.0.0}\n"
    "grid: {bins: 3, binSize: 1, binUnit: hours}\n"
)
PLAIN = HEAD + "nodes: [{id: a, kind: const, value: 1}]\n"
CLASSES = [{"id": "Red"}, {"id": "Blue"}]


def arrival(**more: Any) -> dict[str, Any]:
    pattern = {"kind": "constant", "ratePerBin": 1}
    return {"arrivals": [{"nodeId": "a", "classId": "Red", "pattern": pattern, **more}]}
