"""Reading ``nodes[]``: one reader for each kind of computation node (engine §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..documents.unknown import UNKNOWN
from ..documents.values import value_text
from ..expressions.parser import excerpt, parse_expression
from ..model.identifiers import ID
from ..model.nodes import (
    BufferNode,
    ComputationNode,
    ConstNode,
    ExprNode,
    PmfNode,
    Route,
    RouterNode,
)
from ..problems import quoted
from .mappings import Entry, Keys, is_number
from .outline import Item
from .pmf import read_pmf, read_profile
from .queues import LOSS, QUEUE_KEYS, read_dispatch, read_wip

_COMMON = ("id", "kind", "metadata", "unit", "seriesKind", "hidden")
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "const": ("values", "value", "source"),
    "expr": ("expr", "dependencies", "initial", "source"),
    "pmf": ("pmf", "profile", "source"),
    "serviceWithBuffer": ("inflow", "outflow", "loss", "initial", *QUEUE_KEYS),
    "router": ("inputs", "routes", "router"),
}
_ALIASES = {"expr": {"expression": "expr"}}
_ALL = tuple(dict.fromkeys(name for names in _OWN.values() for name in names))
_KEYS: Final = {
    kind: Keys(
        *_COMMON,
        *names,
        aliases=_ALIASES.get(kind),
        foreign=[name for name in (*_ALL, "expression") if name not in names],
    )
    for kind, names in _OWN.items()
}
_ANY = Keys(*_COMMON, *_ALL, aliases=_ALIASES["expr"])
_ROUTER = Keys("inputs", "routes")
_INPUTS = Keys("queue")
_ROUTE = Keys("target", "classes", "weight")

SERIES_KINDS: Final = ("flow", "stock", "ratio", "time")


def read_nodes(root: Entry, bins: int | Any) -> list[Item[ComputationNode | None]]:
    """All computation nodes, each with what could be read of it."""
    items: list[Item[ComputationNode | None]] = []
    for path, values in root.mappings("nodes", limit="max_nodes"):
        kind = values.get("kind")
        keys = _KEYS.get(kind) if isinstance(kind, str) else None
        entry = Entry(root.reading, values, path, keys or _ANY)
        name = read_id(entry)
        kind = entry.choice("kind", tuple(_OWN), required=True, code="unknown_node_kind")
        item: Item[ComputationNode | None] = Item(entry, id_text(entry), None)
        if kind is not UNKNOWN and kind is not None:
            item.value = _READERS[kind](item, _common(entry, name), bins)
        items.append(item)
    return items


def read_id(entry: Entry, name: str = "id") -> Any:
    """An id by the common pattern, UNKNOWN where it is faulty."""
    value = entry.text(name, required=True)
    if value is UNKNOWN or ID.match(value):
        return value
    message = (
        f"{quoted(value)} is not an id: a letter, then at most 59 letters, digits, '_', '.' or '-', "
        "and no dot at the end"
    )
    return entry.fault("bad_id", name, message)


def id_text(entry: Entry, name: str = "id") -> Any:
    """The id as written, for recognising references to a faulty entry; UNKNOWN while it is pending."""
    value = entry.values.get(name)
    if value is None:
        value = entry.meant(name)
    if is_number(value):
        return str(value)
    return value if value is UNKNOWN or isinstance(value, str) else None


def _common(entry: Entry, name: Any) -> dict[str, Any]:
    return {
        "id": name,
        "unit": entry.text("unit"),
        "series_kind": entry.choice("seriesKind", SERIES_KINDS),
        "hidden": entry.flag("hidden") or False,
        "metadata": entry.free("metadata"),
    }


def _source(entry: Entry) -> Any:
    value = entry.text("source")
    return value if value is UNKNOWN or value is None or value.strip() else None


def _const(item: Item[Any], common: dict[str, Any], bins: int | Any) -> ConstNode:
    entry = item.entry
    source = _source(entry)
    if entry.has("values") and entry.has("value"):
        message = "give either 'value' or 'values', not both"
        entry.fault("conflicting_definition", entry.later("value", "values"), message)
    if entry.has("value"):
        return ConstNode(**common, values=entry.number("value"), source=source)
    is_misspelt = entry.meant("value") is not None
    values = entry.raw("values", required=source is None and not is_misspelt)
    if values is None and is_misspelt:
        values = UNKNOWN
    if is_number(values):
        values = float(values)
    elif isinstance(values, list | tuple):
        values = _listed(entry, values, bins)
    elif values is not None and values is not UNKNOWN:
        values = entry.wrong("values", "a list of numbers or one number")
    return ConstNode(**common, values=values, source=source)


def _listed(entry: Entry, values: list[Any] | tuple[Any, ...], bins: int | Any) -> Any:
    array = entry.number_list(values, entry.where("values"))
    if bins is not UNKNOWN and len(values) != bins:
        message = f"{len(values)} values for {bins} bins"
        return entry.fault("length_mismatch", "values", message)
    return array


def _expr(item: Item[Any], common: dict[str, Any], bins: int | Any) -> ExprNode:
    entry = item.entry
    text = entry.raw("expr", required=True)
    if is_number(text):
        text = value_text(text)
    elif text is not UNKNOWN and not isinstance(text, str):
        text = entry.wrong("expr", "text")
    if entry.has("dependencies"):
        item.dependencies = entry.texts("dependencies")
    return ExprNode(
        **common,
        text=text,
        tree=UNKNOWN if text is UNKNOWN else _tree(entry, text),
        initial=entry.number("initial"),
        source=_source(entry),
    )


def _tree(entry: Entry, text: str) -> Any:
    reading = entry.reading
    parsed = reading.parsed.get(text)
    if parsed is None:
        parsed = parse_expression(text, limits=reading.limits, strict=reading.is_strict)
        reading.parsed[text] = parsed
    for fault in parsed.faults:
        if not entry.notes.wants(fault.code, entry.where("expr")):
            continue
        entry.fault(
            fault.code,
            "expr",
            fault.message,
            word=fault.word,
            known=fault.known,
            position=fault.position,
            excerpt=excerpt(text, fault.position),
        )
    return UNKNOWN if parsed.tree is None else parsed.tree


def _pmf(item: Item[Any], common: dict[str, Any], bins: int | Any) -> PmfNode:
    values, probabilities = read_pmf(item.entry)
    return PmfNode(
        **common,
        values=values,
        probabilities=probabilities,
        profile=read_profile(item.entry, bins),
        source=_source(item.entry),
    )


def _buffer(item: Item[Any], common: dict[str, Any], bins: int | Any) -> BufferNode:
    entry = item.entry
    limit, overflow = read_wip(entry)
    if limit is not None and overflow is None:
        overflow = LOSS
    return BufferNode(
        **common,
        inflow=entry.operand("inflow", required=True, may_be_number=False),
        outflow=entry.operand("outflow", required=True, may_be_number=False),
        loss=entry.operand("loss", may_be_number=False),
        initial=entry.number("initial", low=0),
        dispatch=read_dispatch(entry, item.inner),
        wip_limit=limit,
        wip_overflow=overflow,
    )


def _router(item: Item[Any], common: dict[str, Any], bins: int | Any) -> RouterNode:
    entry = item.entry
    inner = entry.mapping("router", _ROUTER)
    if inner is UNKNOWN:
        return RouterNode(**common, input=UNKNOWN, routes=UNKNOWN)
    holder = {
        name: entry if inner is None or not inner.has(name) else inner
        for name in ("inputs", "routes")
    }
    for name, where in holder.items():
        if where is not entry and entry.has(name):
            entry.fault("conflicting_definition", name, f"{quoted(name)} is also under 'router'")
    inputs = holder["inputs"].mapping("inputs", _INPUTS, required=True)
    reference = UNKNOWN
    if inputs is not UNKNOWN:
        item.inner["inputs"] = inputs
        reference = inputs.operand("queue", required=True, may_be_number=False)
    item.inner["routes"] = holder["routes"]
    return RouterNode(**common, input=reference, routes=_routes(item, holder["routes"]))


def _routes(item: Item[Any], holder: Entry) -> Any:
    value = holder.raw("routes", required=True)
    if value is UNKNOWN or not isinstance(value, list | tuple):
        return UNKNOWN if value is UNKNOWN else holder.wrong("routes", "a list")
    if not value:
        return holder.fault("empty_value", "routes", "a router needs at least one route")
    rows = list(holder.entries("routes", _ROUTE, limit="max_routes"))
    item.rows["routes"] = rows
    if len(rows) != len(value):
        return UNKNOWN
    return tuple(_route(row) for row in rows)


def _route(row: Entry) -> Route:
    target = read_id(row, "target")
    classes = row.texts("classes")
    weight = row.number("weight", low=0)
    if row.has("classes") and row.has("weight"):
        message = "a route has classes or a weight, not both"
        row.fault("conflicting_definition", row.later("classes", "weight"), message)
    elif row.has("classes") and classes == ():
        row.fault("empty_value", "classes", "a route by classes needs at least one class")
    elif not row.has("classes") and weight is None:
        weight = 1.0
    return Route(target=target, classes=classes, weight=weight)


_READERS: Final[Mapping[str, Callable[[Item[Any], dict[str, Any], Any], ComputationNode]]] = {
    "const": _const,
    "expr": _expr,
    "pmf": _pmf,
    "serviceWithBuffer": _buffer,
    "router": _router,
}
