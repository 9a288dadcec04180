"""Every limit of engine §3: kept at its value, refused one beyond, and named with what was found."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from flowtime.engine import Limits, validate

pytestmark = pytest.mark.failure(18)


def document(**more: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 3, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "a", "kind": "const", "value": 1}],
        **more,
    }


def expr(text: str) -> dict[str, Any]:
    nodes = [{"id": "a", "kind": "const", "value": 1}, {"id": "x", "kind": "expr", "expr": text}]
    return document(nodes=nodes)


def places(count: int, **more: Any) -> dict[str, Any]:
    nodes = [
        {"id": f"P{i}", "kind": "service", "semantics": {"arrivals": "a", "served": "a"}}
        for i in range(count)
    ]
    return document(topology={"nodes": nodes, **more})


LEVELS: dict[str, tuple[Any, int]] = {
    "max_yaml_depth": (document(provenance={"a": {"b": {"c": 1}}}), 4),
    "max_yaml_nodes": (document(), 28),
    "max_yaml_bytes": ("schemaVersion: 1\n" + "#" * 100, 117),
    "max_string_chars": (document(generator="x" * 30), 30),
    "max_parameters": (
        document(parameters=[{"name": f"p{i}", "type": "number", "default": 1} for i in range(3)]),
        3,
    ),
    "max_nodes": (expr("a"), 2),
    "max_topology_nodes": (places(3), 3),
    "max_edges": (places(2, edges=[{"from": "P0", "to": "P1"}, {"from": "P1", "to": "P0"}]), 2),
    "max_classes": (document(classes=[{"id": "A"}, {"id": "B"}]), 2),
    "max_constraints": (
        places(1, constraints=[{"id": f"k{i}", "semantics": {"served": 1}} for i in range(2)]),
        2,
    ),
    "max_routes": (
        document(
            nodes=[
                {"id": "a", "kind": "const", "value": 1},
                {
                    "id": "r",
                    "kind": "router",
                    "inputs": {"queue": "a"},
                    "routes": [{"target": "x"}, {"target": "y"}],
                },
            ]
        ),
        2,
    ),
    "max_outputs": (document(outputs=[{"series": "a"}, {"series": "*"}]), 2),
    "max_bins": (document(grid={"bins": 5, "binSize": 1, "binUnit": "hours"}), 5),
    "max_expression_chars": (expr("a + a"), 5),
    "max_expression_depth": (expr("a + a + a"), 3),
    "max_expression_tokens": (expr("a + a + a"), 5),
    "max_kernel_taps": (expr("CONV(a, [1, 2, 3])"), 3),
    "max_pmf_entries": (
        document(
            nodes=[
                {
                    "id": "p",
                    "kind": "pmf",
                    "pmf": {"values": [1, 2], "probabilities": [0.5, 0.5]},
                }
            ]
        ),
        2,
    ),
    "max_cells": (document(), 3),
}


@pytest.mark.parametrize("name", LEVELS)
def test_a_limit_is_kept_and_named_when_exceeded(name: str) -> None:
    source, level = LEVELS[name]
    at, below = replace(Limits(), **{name: level}), replace(Limits(), **{name: level - 1})

    kept = {problem.code for problem in validate(source, limits=at).problems}
    refused = [p for p in validate(source, limits=below).problems if p.code == "limit_exceeded"]

    assert "limit_exceeded" not in kept
    assert refused[0].message.startswith(f"{name} is {level - 1}, found ")


def test_every_limit_has_a_level() -> None:
    elsewhere = {"max_yaml_aliases", "max_problems"}

    assert {field.name for field in fields(Limits)} == set(LEVELS) | elsewhere
