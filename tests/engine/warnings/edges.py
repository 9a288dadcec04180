"""Warnings about edges and the places they join (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import (
    BALANCED,
    Case,
    classed,
    dead_letters,
    dependency,
    looped,
    routed,
    split,
)

EDGES: dict[str, tuple[Case, Case]] = {
    "edge_flow_mismatch_outgoing": (
        routed([{"target": "x"}, {"target": "y"}], targets=("x",)),
        routed([{"target": "x"}, {"target": "y"}], targets=("x", "y")),
    ),
    "edge_flow_mismatch_incoming": (split(3), split(1)),
    "edge_class_mismatch": (
        split(1, rest=classed(("a", "A"), ("a", "B")), west="a@A * 0.5"),
        split(1, rest=classed(("a", "A"), ("a", "B"))),
    ),
    "edge_class_partial_coverage": (
        routed([*BALANCED], targets=("x",)),
        routed([*BALANCED], targets=("x", "y")),
    ),
    "edge_series_unavailable": (
        dependency(type="effort", measure="errors"),
        dependency(type="effort"),
    ),
    "dependency_without_effort_edge": (dependency(), dependency(type="effort")),
    "dependency_without_retry_pressure": (
        dependency(type="effort"),
        dependency(type="effort", measure="attempts"),
    ),
    "dlq_non_terminal_inbound": (
        dead_letters("throughput", "terminal"),
        dead_letters("terminal", "terminal"),
    ),
    "dlq_non_terminal_outbound": (
        dead_letters("terminal", "effort"),
        dead_letters("terminal", "terminal"),
    ),
    "flow_latency_cycle": (looped("AB", "BA"), looped("AB", "BC")),
}
