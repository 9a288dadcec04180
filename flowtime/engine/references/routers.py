"""Routers among each other and with the series they replace (engine §8.6, §12.7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..documents.unknown import UNKNOWN
from ..expressions.syntax import Number
from ..model.nodes import ConstNode, ExprNode, RouterNode
from ..problems import quoted
from ..reading.outline import Item, Outline
from .registry import Registry, Target


def check_routers(outline: Outline, registry: Registry) -> None:
    """Note targets that are defined elsewhere or shared, repeated classes, and weights that sum to zero."""
    owners: dict[str, Item[Any]] = {}
    series = {name.lower(): name for name in registry.nodes}
    for target in registry.targets:
        owner = owners.setdefault(target.name, target.router)
        if owner is not target.router:
            message = f"{quoted(target.name)} is a target of the router {quoted(owner.id)} already"
            outline.root.notes.add("router_target_shared", target.path, message)
            continue
        _check_target(outline, registry, target, series)
    for item in outline.nodes:
        node = item.value
        if isinstance(node, RouterNode) and node.routes is not UNKNOWN:
            _check_classes(outline, registry, item, node)
            _check_weights(item, node)


def _check_target(
    outline: Outline, registry: Registry, target: Target, series: dict[str, str]
) -> None:
    notes = outline.root.notes
    defined = registry.nodes.get(target.name)
    if defined is None:
        first = series.setdefault(target.name.lower(), target.name)
        if first != target.name:
            message = f"{quoted(target.name)} differs from {quoted(first)} only by letter case"
            notes.add("id_case_clash", target.path, message)
    elif not _may_be_zero(defined):
        message = f"{quoted(target.name)} has a definition of its own: a target is a new id or a literal zero"
        notes.add("router_target_defined", target.path, message)


def _may_be_zero(item: Item[Any]) -> bool:
    """Whether the node is a literal zero, or faulty so that nobody can tell."""
    node = item.value
    if node is None:
        return True
    if isinstance(node, ConstNode):
        values = node.values
        return node.source is None and (values is UNKNOWN or not np.any(np.asarray(values)))
    if isinstance(node, ExprNode):
        is_zero = node.tree is UNKNOWN or node.tree == Number(0.0)
        return node.source is None and is_zero
    return False


def _check_classes(outline: Outline, registry: Registry, item: Item[Any], node: RouterNode) -> None:
    seen: set[str] = set()
    for row, route in zip(item.rows["routes"], node.routes, strict=True):
        for i, name in enumerate(() if route.classes is UNKNOWN else route.classes):
            path = (*row.where("classes"), i)
            if name is UNKNOWN:
                continue
            if name in seen:
                message = f"the class {quoted(name)} is routed already"
                outline.root.notes.add("router_class_repeated", path, message)
            elif outline.classes and not registry.are_classes_open and name not in registry.classes:
                message = f"unknown class {quoted(name)}"
                known = registry.classes
                outline.root.notes.add("unknown_class", path, message, word=name, known=known)
            seen.add(name)


def _check_weights(item: Item[Any], node: RouterNode) -> None:
    weights = [route.weight for route in node.routes if route.weight is not None]
    if weights and UNKNOWN not in weights and not sum(weights) > 0:
        message = "the weights of a router must add up to more than 0"
        item.inner["routes"].fault("router_weights_zero", "routes", message)
